//! Files that are made to break a reader.

use proptest::prelude::*;

use super::{info, message, refusal};
use crate::cap::{self, CapError, FILE_BYTES_MAX, NAMESPACE};

fn code(file: impl AsRef<[u8]>) -> &'static str {
    cap::read(file.as_ref()).unwrap_err().code()
}

#[test]
fn what_is_not_xml_is_refused_with_its_line() {
    for file in [
        "",
        " ",
        "{}",
        "<",
        "<alert",
        "<a></b>",
        "</a>",
        "<a/><b/>",
        "text<a/>",
        "<a/>text",
        "<a/>&amp;",
        "<a/><![CDATA[]]>",
        "<!-- a -- b --><a/>",
        "<a>\u{1}</a>",
        "<p:alert/>",
        "\0\0\0\0",
        "%PDF-1.7",
    ] {
        let refused = cap::read(file.as_bytes()).unwrap_err();
        let not_cap = matches!(refused, CapError::NotXml { .. } | CapError::NotCap { .. });
        assert!(not_cap, "{file:?}: {refused}");
    }
    assert_eq!(refusal("<!---->\n\n<a"), refusal("\n\n<a"));
    assert!(
        refusal("\n\n<a").starts_with("The file is not XML: line 3: "),
        "{}",
        refusal("\n\n<a")
    );
    let whole = message(&info("en", ""));
    for broken in [
        whole.replace("</alert>", ""),
        whole.replace("</info>", "</inf>"),
        whole.replace("</alert>", "&#0;</alert>"),
        whole.replace("</alert>", "&#1;</alert>"),
        whole.replace("</alert>", "&#xd800;</alert>"),
        whole.replace("</alert>", "& </alert>"),
        whole.replace("</alert>", "<?xml version=\"1.0\"?></alert>"),
        whole.clone() + &whole,
        whole.replace("<info>", "<info a=1>"),
        whole.replace("<info>", "<info a=\"1\" a=\"2\">"),
        whole.replace("<info>", "<info a=\"<\">"),
        whole.replace("<info>", "<info a=\"&\">"),
    ] {
        assert_eq!(code(&broken), "cap-not-xml", "{broken}");
    }
}

#[test]
fn other_documents_are_named_as_what_they_are() {
    assert_eq!(
        refusal("<rss/>"),
        "The file is not a CAP message: its root is `rss` in no namespace."
    );
    assert_eq!(
        refusal(&message("").replace(":1.2", ":1.1")),
        "The file is a CAP 1.1 message, and only CAP 1.2 is read."
    );
    let oldest = message("").replace(NAMESPACE, "http://www.incident.com/cap/1.0");
    assert_eq!(
        refusal(&oldest),
        "The file is a CAP 1.0 message, and only CAP 1.2 is read."
    );
    let feed = format!("<feed xmlns=\"urn:atom\"><alert xmlns=\"{NAMESPACE}\"/></feed>");
    assert_eq!(code(feed), "cap-not-cap");
    assert_eq!(
        code(format!("<info xmlns=\"{NAMESPACE}\"/>")),
        "cap-not-cap"
    );
}

#[test]
fn a_billion_laughs_are_refused_before_the_first() {
    let mut laughs = String::from("<?xml version=\"1.0\"?><!DOCTYPE alert [<!ENTITY a0 \"ha\">");
    for n in 1..30 {
        let before = format!("&a{};", n - 1).repeat(10);
        laughs += &format!("<!ENTITY a{n} \"{before}\">");
    }
    laughs += &format!("]><alert xmlns=\"{NAMESPACE}\">&a29;</alert>");
    assert_eq!(cap::read(laughs.as_bytes()).unwrap_err(), CapError::Doctype);
    assert_eq!(
        code("<!DOCTYPE alert SYSTEM \"file:///etc/passwd\"><alert/>"),
        "cap-doctype"
    );
}

#[test]
fn entities_of_others_are_refused_and_those_of_xml_are_read() {
    assert_eq!(
        refusal(&message(&info("en", "<headline>&xxe;</headline>"))),
        "The file uses the entity `&xxe;`; only those of XML itself and numbers are read."
    );
    assert_eq!(code(message("<x xmlns=\"urn:x\">&nbsp;</x>")), "cap-entity");
    assert_eq!(code(message("<note a=\"&nbsp;\"/>")), "cap-entity");
    let file = message("<note>&lt;&gt;&amp;&apos;&quot;&#65;&#x1F600;</note>");
    assert_eq!(
        cap::read(file.as_bytes()).unwrap().draft.subjects[0].text,
        "<>&'\"A😀"
    );
}

#[test]
fn a_file_that_is_too_large_is_refused_unread() {
    let file = message(&format!("<note a=\"{}\"/>", "a".repeat(10 << 20)));
    assert_eq!(
        refusal(&file),
        format!(
            "The file has {} bytes, and a CAP file may have {FILE_BYTES_MAX}; \
             a larger one can be sent as an attachment.",
            file.len()
        )
    );
    let attribute = message(&format!("<note a=\"{}\">x</note>", "a".repeat(2 << 20)));
    assert!(cap::read(attribute.as_bytes()).is_ok());
}

/// Without their limits, some of these would take minutes.
#[test]
fn deep_wide_and_much_declared_files_end_soon() {
    let rest = FILE_BYTES_MAX - 1_000;
    let deep = "<info>".repeat(rest / 6);
    assert_eq!(code(message(&deep)), "cap-too-complex");
    let foreign = "<x xmlns=\"urn:x\">".to_owned() + &"<a>".repeat(rest / 3);
    assert_eq!(code(message(&foreign)), "cap-too-complex");
    let wide = "<note/>".repeat(rest / 7);
    assert_eq!(code(message(&wide)), "cap-too-complex");
    let names = |count| {
        let declared = (0..count)
            .map(|n| format!(" xmlns:a{n}=\"u\""))
            .collect::<String>();
        message(&format!("<note{declared}/>"))
    };
    assert_eq!(code(names(100_000)), "cap-too-complex");
    assert!(cap::read(names(100).as_bytes()).is_ok());
    let attributes: String = (0..100_000).map(|n| format!(" a{n}=\"\"")).collect();
    assert_eq!(
        code(message(&format!("<note{attributes}/>"))),
        "cap-too-complex"
    );
    let infos = "<info><category>Geo</category></info>".repeat(rest / 37);
    assert_eq!(code(message(&infos)), "cap-too-complex");
}

#[test]
fn a_declared_encoding_is_honoured() {
    let file = message(&info("fr", "<headline>Élévation</headline>"));
    let latin1: Vec<u8> = file
        .replace("UTF-8", "ISO-8859-1")
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    let import = cap::read(&latin1).unwrap();
    assert_eq!(import.draft.subjects[0].text, "Élévation");
    let alert = import.draft.build().unwrap();
    let maille_common::content::PartContent::Inline(payload) = &alert.parts.last().unwrap().content
    else {
        panic!("the payload is inline")
    };
    assert_eq!(payload.as_slice(), latin1);

    let unmarked = file.replace(" encoding=\"UTF-8\"", "");
    assert!(cap::read(unmarked.as_bytes()).is_ok());
    let quoted = file.replace("encoding=\"UTF-8\"", "encoding = 'utf-8'");
    assert!(cap::read(quoted.as_bytes()).is_ok());
}

#[test]
fn utf16_and_byte_order_marks_are_read() {
    let file = message(&info("ar", "<headline>إنذار</headline>"));
    let utf16 = |file: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        file.encode_utf16().flat_map(bytes).collect()
    };
    let marked = format!("\u{feff}{}", file.replace("UTF-8", "UTF-16"));
    let plain = file.replace("UTF-8", "UTF-16BE");
    for bytes in [
        utf16(&marked, u16::to_le_bytes),
        utf16(&marked, u16::to_be_bytes),
        utf16(&plain, u16::to_be_bytes),
        utf16(&file.replace(" encoding=\"UTF-8\"", ""), u16::to_le_bytes),
        format!("\u{feff}{file}").into_bytes(),
    ] {
        assert_eq!(cap::read(&bytes).unwrap().draft.subjects[0].text, "إنذار");
    }
}

#[test]
fn an_encoding_that_is_unknown_or_another_is_refused() {
    let file = message("");
    assert_eq!(
        refusal(&file.replace("UTF-8", "UTF-7")),
        "The file says that it is encoded as `UTF-7`, which is not a known encoding."
    );
    assert_eq!(
        refusal(&file.replace("UTF-8", "UTF-16")),
        "The file says that it is encoded as `UTF-16`, and begins like ASCII."
    );
    let marked = format!("\u{feff}{}", file.replace("UTF-8", "ISO-8859-1"));
    assert_eq!(
        refusal(&marked),
        "The file says that it is encoded as `ISO-8859-1`, and begins like UTF-8."
    );
    let swapped: Vec<u8> = file
        .replace("UTF-8", "UTF-16LE")
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    assert_eq!(code(swapped), "cap-other-encoding");
    let mut broken = message("<note>x</note>").into_bytes();
    let place = broken.iter().position(|&byte| byte == b'x').unwrap();
    broken[place + 120] = 0xff;
    assert_eq!(code(&broken), "cap-not-text");
    let utf32: Vec<u8> = file
        .chars()
        .flat_map(|c| u32::from(c).to_le_bytes())
        .collect();
    assert_eq!(code(utf32), "cap-not-xml");
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = cap::read(&bytes);
    }

    #[test]
    fn arbitrary_text_inside_a_message_never_panics(
        text in "[a-zé<>/&;#x!\\[\\]\"'=?: \n-]{0,80}",
    ) {
        let _ = cap::read(message(&text).as_bytes());
        let declared = format!("<?xml {text}?><alert/>");
        let _ = cap::read(declared.as_bytes());
    }

    #[test]
    fn a_changed_byte_never_panics(place in 0..1_000_usize, value: u8) {
        let mut file = message(&info("en", "<headline>x</headline>")).into_bytes();
        let place = place % file.len();
        file[place] = value;
        if let Ok(import) = cap::read(&file) {
            prop_assert!(import.draft.build().is_ok());
        }
    }
}
