//! Device, deputy and relay that work together: they open what was wrapped for one of them, and
//! pass for nobody else.

use maille_common::address::DeviceId;
use maille_common::codec::{Exact, encode};
use maille_common::crypto::chunked::ContentKey;
use maille_common::crypto::ed25519::SigningKey;
use maille_common::envelope::{Entry, StreamPosition, Submission, core_hash};
use maille_common::identifier::Epoch;
use maille_common::label::Label;
use maille_common::terms::Release;
use maille_tests::hostile::{Cast, ForgedWrap, Forgery, all_shares, share};

/// The Hague's device, Rabat, the deputy, and a relay, with all their keys.
fn conspirators(cast: &Cast) -> Vec<(DeviceId, SigningKey)> {
    let relay = cast.world.network.relay("tunis");
    vec![
        cast.signer(&cast.hague),
        cast.signer(&cast.rabat),
        (cast.lyon, SigningKey::from_seed(relay.signing)),
        (cast.lyon, SigningKey::from_seed(relay.transport)),
    ]
}

/// Whether any private half that a device holds opens a wrap, in its own name or the addressee's.
fn opens(cast: &mut Cast, thief: DeviceId, sent: &Submission, of: &Entry, wrap: &[u8]) -> bool {
    let keys = cast.world.bundle(&thief).keys.to_vec();
    let core = core_hash(&sent.env.core);
    let ring = cast.world.desk(&thief).ring();
    keys.iter().any(|key| {
        let secret = ring.secret(&key.id()).unwrap();
        [(of.device, of.key), (thief, of.key), (thief, key.id())]
            .iter()
            .any(|(device, named)| {
                let info = [
                    &Label::WRAP.padded()[..],
                    core.as_bytes(),
                    device.as_bytes(),
                    named.as_bytes(),
                ];
                secret.open(&info.concat(), wrap).is_ok()
            })
    })
}

/// The exception that is stated to users (I3): a deputy's own wrap, early. Nothing else.
#[test]
fn relay_and_deputy_open_the_deputys_held_back_wrap_early_and_no_other() {
    let mut cast = Cast::gathered();
    let (sent, rabat) = (cast.sent("For Tunis first"), cast.rabat);
    let held = share(&sent, &rabat);
    assert_eq!(held.entry.release, Release::After);
    assert!(cast.judged(&rabat, &encode(&held)).is_ok());
    let mut others = 0;
    for delivery in all_shares(&sent) {
        let mine = delivery.entry.device == rabat;
        let entry = delivery.entry.clone();
        let opened = opens(&mut cast, rabat, &sent, &entry, &delivery.wrap);
        assert_eq!(opened, mine, "{:?}", entry.device);
        others += usize::from(!mine);
    }
    assert_eq!(others, 5, "Tunis twice, The Hague, and two copies");
}

#[test]
fn an_alert_that_was_wrapped_for_none_of_them_stays_closed_to_all() {
    let mut cast = Cast::gathered();
    let lyon = cast.lyon;
    let sent = cast.sent_by(&lyon, &[Cast::DAKAR], "Neither The Hague nor Rabat");
    for thief in [cast.hague, cast.rabat] {
        for delivery in all_shares(&sent) {
            let entry = delivery.entry.clone();
            assert!(!opens(&mut cast, thief, &sent, &entry, &delivery.wrap));
            assert_eq!(cast.refused(&thief, &encode(&delivery)), "E11 device");
            let mut renamed = delivery.clone();
            renamed.entry.device = thief;
            assert_eq!(cast.refused(&thief, &encode(&renamed)), "E11 entry");
        }
    }
}

#[test]
fn together_they_write_in_nobodys_name_but_their_own() {
    let mut cast = Cast::gathered();
    let (lyon, tunis) = (cast.lyon, cast.tunis);
    let core = cast.core(&lyon, &[Cast::TUNIS]);
    let content = ContentKey::from_bytes([5; 32]);
    let outside = StreamPosition::outside(Epoch(1));
    let to = (tunis, &cast.sealing(&tunis));
    let wrap = ForgedWrap::sealed(to, &core, (&content, &outside), 1);
    let context = maille_common::envelope::body_context(&Exact::of(core.clone()).unwrap());
    let forgery = Forgery {
        body: maille_common::crypto::chunked::seal(&content, &[1; 24], &context, &[0; 1_024]),
        core,
        wraps: vec![wrap],
        original: None,
    };
    let judge = |cast: &mut Cast, signers: &[(DeviceId, SigningKey)]| {
        let forged = forgery.clone().signed(signers);
        cast.refused(&tunis, &encode(&share(&forged, &tunis)))
    };
    for (device, key) in conspirators(&cast) {
        assert_eq!(judge(&mut cast, &[(device, key)]), "E5 signature");
    }
    // As the second person beside a forged first one, and as the only one that is true.
    let forged = |cast: &Cast, device| (device, cast.key(&cast.hague));
    let pair = [forged(&cast, lyon), cast.signer(&cast.rabat)];
    assert_eq!(judge(&mut cast, &pair), "E5 signature");
    let pair = [cast.signer(&lyon), cast.signer(&cast.rabat)];
    assert_eq!(judge(&mut cast, &pair), "E4 device");
}
