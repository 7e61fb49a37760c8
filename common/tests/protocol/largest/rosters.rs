//! Rosters with as much of everything as is allowed.

use super::*;

pub(super) fn local(number: usize, filled: bool) -> LocalText {
    let text_of = |length: usize| "x".repeat(if filled { length } else { 0 });
    LocalText {
        language: text(&format!("{number:02}{}", text_of(33))),
        text: text(&text_of(256)),
    }
}

fn organisation(number: usize, names: usize) -> Organisation {
    let keys = (0..8).map(|at| key(at + 1).verifying_key());
    Organisation {
        name: format!("o{number}").parse().unwrap(),
        names: sorted((0..names).map(|at| local(at, false)).collect::<Vec<_>>()),
        home_relays: list(vec!["lyon".parse().unwrap(); 4]),
        annex_threshold: 8,
        annex_keys: sorted(keys.collect::<Vec<VerifyingKey>>()),
        pin: Some(Head {
            number: 1,
            hash: Hash::ZERO,
        }),
        ..part().organisations[0].clone()
    }
}

fn named_list(number: usize, patterns: usize) -> NamedList {
    NamedList {
        name: text(&format!("{number}")),
        patterns: list(vec![text("**"); patterns]),
    }
}

fn full_part() -> AuthorityPart {
    let organisations = (0..limits::ORGANISATIONS_MAX).map(|at| organisation(at, 16));
    let rule = Rule {
        from: text("**"),
        to: text("**"),
        two_persons: sorted([]),
    };
    AuthorityPart {
        organisations: sorted(organisations.collect::<Vec<_>>()),
        lists: sorted((0..256).map(|at| named_list(at, 64)).collect::<Vec<_>>()),
        rules: list(vec![rule; 1024]),
        lifted: sorted((0..1024).map(hash_of).collect::<Vec<_>>()),
        extensions: extensions(),
        ..part()
    }
}

#[test]
fn an_authority_part_with_every_organisation_list_and_rule() {
    let length = comes_back(&full_part());
    assert!(length <= limits::AUTHORITY_BYTES_MAX, "{length}");
    comes_back(&signed_part(full_part()));
}

#[test]
fn authority_parts_of_the_smallest_items_at_every_length() {
    // Lists of `**` take the most memory for their bytes; each length has its own budget.
    for lists in [1, 8, 40, 64, 100, 256] {
        let lists = (0..lists).map(|at| named_list(at, 64));
        let rule = Rule {
            from: text(""),
            to: text(""),
            two_persons: sorted([]),
        };
        comes_back(&AuthorityPart {
            lists: sorted(lists.collect::<Vec<_>>()),
            rules: list(vec![rule; 1024]),
            ..part()
        });
    }
}

fn contact(number: usize, filled: bool) -> Contact {
    let small = documents(|_| ()).annexes[0].annex.contacts[0].clone();
    let times = |count: usize| if filled { count } else { 0 };
    let device = |at: usize| Device {
        id: id_of(number * 32 + at),
        label: text("desk"),
        keys: list(vec![device_keys(1); 2]),
    };
    Contact {
        address: address(&format!("alpha/{number}")),
        names: sorted(
            (0..times(16))
                .map(|at| local(at, false))
                .collect::<Vec<_>>(),
        ),
        languages: list(vec![text(""); times(16)]),
        hours: list(vec![
            DutyHours {
                days: 1,
                from_minute: 0,
                to_minute: 1,
            };
            times(16)
        ]),
        telephones: list(vec![text(""); times(8)]),
        deputies: list(vec![
            Deputy {
                contact: address("a/b"),
                after: Span::ZERO,
            };
            times(8)
        ]),
        devices: sorted((0..times(19)).map(device).collect::<Vec<_>>()),
        ..small
    }
}

#[test]
fn an_annex_with_every_contact_and_many_devices() {
    for (count, filled) in [(limits::CONTACTS_MAX, true), (limits::CONTACTS_MAX, false)] {
        let contacts: Vec<_> = (0..count).map(|at| contact(at, filled)).collect();
        let full = Annex {
            lifted: sorted((0..256).map(hash_of).collect::<Vec<_>>()),
            extensions: extensions(),
            ..annex("alpha", contacts)
        };
        let length = comes_back(&full);
        assert!(length <= limits::ANNEX_BYTES_MAX, "{length}");
    }
}

#[test]
fn a_set_of_roster_documents_as_large_as_its_frame() {
    let part = signed_part(full_part());
    let each = encode(&part).len();
    let count = (limits::FRAME_ROSTER_BYTES_MAX - 64) / each;
    fits(&Request::OfferRoster(Box::new(RosterDocuments {
        authority: list(vec![part; count]),
        ..RosterDocuments::default()
    })));
    let small = documents(|_| ()).annexes[0].clone();
    fits(&Request::OfferRoster(Box::new(RosterDocuments {
        annexes: list(vec![small; limits::DOCUMENTS_MAX]),
        ..RosterDocuments::default()
    })));
}

#[test]
fn heads_of_every_organisation_and_suspension() {
    let head = |number: usize| AnnexHead {
        organisation: format!("{number:032}").parse().unwrap(),
        number: 1,
        hash: Hash::ZERO,
    };
    let heads = RosterHeads {
        authority: Head {
            number: 1,
            hash: Hash::ZERO,
        },
        annexes: sorted((0..limits::ORGANISATIONS_MAX).map(head).collect::<Vec<_>>()),
        suspensions: sorted((0..1024).map(hash_of).collect::<Vec<_>>()),
    };
    fits(&Request::FetchRoster { have: heads });
}
