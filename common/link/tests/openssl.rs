//! People look at certificates with tools of their own: `openssl` must show ours.

use std::io::Write;
use std::process::{Command, Stdio};

use maille_common::crypto::ed25519::SigningKey;
use maille_link::Identity;

#[test]
fn openssl_shows_the_key_the_name_and_dates_that_never_matter() {
    let key = SigningKey::from_seed([7; 32]);
    let identity = Identity::new("interpol/fr/cyber", &key).expect("an identity");
    let Some(shown) = shown_by_openssl(identity.certificate_der()) else {
        // Past the test harness, which hides what a passing test prints.
        let _ = writeln!(std::io::stderr(), "SKIPPED: openssl is not on the path.");
        return;
    };
    assert!(shown.contains("CN = interpol/fr/cyber") || shown.contains("CN=interpol/fr/cyber"));
    assert!(shown.contains("Public Key Algorithm: ED25519"));
    assert!(shown.contains("Not Before: Jan  1 00:00:00 1975 GMT"));
    assert!(shown.contains("Not After : Jan  1 00:00:00 4096 GMT"));
    let digits: String = shown.chars().filter(char::is_ascii_hexdigit).collect();
    assert!(digits.contains(&identity.key().to_string()));
}

/// What `openssl x509 -text` prints, or `None` where there is no openssl.
fn shown_by_openssl(der: &[u8]) -> Option<String> {
    let mut openssl = Command::new("openssl")
        .args(["x509", "-inform", "DER", "-noout", "-text"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut input = openssl.stdin.take().expect("a pipe");
    input.write_all(der).expect("openssl reads");
    drop(input);
    let output = openssl.wait_with_output().expect("openssl ends");
    assert!(output.status.success(), "openssl refuses the certificate");
    Some(String::from_utf8(output.stdout).expect("text"))
}
