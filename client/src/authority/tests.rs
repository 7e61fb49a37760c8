//! Networks that live in memory: founded, changed, renewed.

use maille_common::codec::{List, decode, encode};
use maille_common::crypto::ed25519::SigningKey;
use maille_common::roster::{
    Anchor, DeviceRequest, Roster, RosterDocuments, SignedRequest, Subject, Version,
};
use maille_common::terms::Standing;
use maille_common::time::{Span, Timestamp};

use super::*;
use crate::entropy::OsRandomness;
use crate::home::{Cost, Passphrase};

pub(super) const NOW: Timestamp = Timestamp::from_unix_ms(1_795_000_000_000);

/// A network of two holders, `a` and `b`, both needed, with one contact of `a`.
pub(super) struct World {
    pub(super) anchor: Anchor,
    pub(super) roster: Roster,
    pub(super) plan: NetworkPlan,
}

pub(super) fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed([seed; 32])
}

pub(super) fn holder(organisation: &str, seed: u8) -> PublicKeyFile {
    PublicKeyFile {
        organisation: organisation.parse().unwrap(),
        holder: organisation.to_owned(),
        key: key(seed).verifying_key(),
    }
}

impl World {
    pub(super) fn new() -> Self {
        let mut plan = NetworkPlan::of_holders("test", 2, &[holder("a", 1), holder("b", 2)]);
        plan.rules = vec![RulePlan::new("**", "**")];
        plan.organisations[0].contacts = Some(vec![ContactPlan::new("a/x".parse().unwrap())]);
        Self::of(plan)
    }

    /// A network as a plan describes it, whose first two keys are 1 and 2, both needed.
    pub(super) fn of(plan: NetworkPlan) -> Self {
        let Founding { anchor, proposal } = found(&plan, NOW).unwrap();
        let documents = signed(proposal, &anchor, None, &[1, 2])
            .publish(&anchor, None)
            .unwrap();
        let roster = Roster::found(anchor.clone(), &documents).unwrap();
        let mut world = Self {
            anchor,
            roster,
            plan,
        };
        world.apply(NOW, &[1, 2]);
        world
    }

    /// Brings the network to its plan, every document signed by these keys.
    pub(super) fn apply(&mut self, now: Timestamp, signers: &[u8]) -> usize {
        let draft = self.plan.build(Some(&self.roster), now).unwrap();
        let proposals = draft.proposals().unwrap();
        let count = proposals.len();
        for proposal in proposals {
            self.publish(proposal, signers);
        }
        count
    }

    pub(super) fn publish(&mut self, proposal: Proposal, signers: &[u8]) {
        let proposal = signed(proposal, &self.anchor, Some(&self.roster), signers);
        let documents = proposal.publish(&self.anchor, Some(&self.roster)).unwrap();
        self.roster.apply(&documents).unwrap();
    }

    pub(super) fn request(&self, contact: &str, device: u8, seed: u8) -> SignedRequest {
        let request = DeviceRequest {
            version: Version::ONE,
            network: self.anchor.network.clone(),
            contact: contact.parse().unwrap(),
            device: maille_common::address::DeviceId::from_bytes([device; 16]),
            label: "desk".parse().unwrap(),
            transport: key(0).verifying_key(),
            signing: key(0).verifying_key(),
            created: NOW,
        };
        SignedRequest::sign(request, &key(seed), &key(seed + 1)).unwrap()
    }
}

pub(super) fn signed(
    mut proposal: Proposal,
    anchor: &Anchor,
    roster: Option<&Roster>,
    signers: &[u8],
) -> Proposal {
    for seed in signers {
        // As from hand to hand: by its bytes.
        proposal = decode(&encode(&proposal)).unwrap();
        proposal = proposal.sign(&key(*seed), anchor, roster).unwrap();
    }
    proposal
}

pub(super) fn code(request: &SignedRequest) -> String {
    request.verify("test").unwrap().code().to_string()
}

#[test]
fn a_plan_that_is_in_force_changes_nothing_until_half_of_its_time_is_over() {
    let mut world = World::new();
    assert_eq!(world.apply(NOW + Span::from_days(100), &[1, 2]), 0);
    let later = NOW + Span::from_days(200);
    assert_eq!(world.apply(later, &[1, 2]), 2);
    assert_eq!(
        world.roster.authority().renew_by,
        later + Span::from_days(365)
    );
    assert_eq!(world.roster.authority().number, 2);
}

#[test]
fn a_new_part_pins_the_annexes_in_force() {
    let mut world = World::new();
    world.plan.organisations[0].annex_keys = vec![key(9).verifying_key()];
    assert_eq!(world.apply(NOW, &[1, 2]), 1);
    // Signed by the keys before, it stays in force by the pin.
    assert!(world.roster.contact(&"a/x".parse().unwrap()).is_some());
    let head = world
        .roster
        .heads()
        .annex(&"a".parse().unwrap())
        .unwrap()
        .head();
    assert_eq!(world.roster.authority().organisations[0].pin, Some(head));
}

#[test]
fn an_organisation_whose_contacts_the_plan_does_not_name_keeps_its_annex() {
    let mut world = World::new();
    world.plan.organisations[0].contacts = None;
    world.plan.organisations[1].standing = Standing::Member;
    assert_eq!(world.apply(NOW, &[1, 2]), 0);
    assert_eq!(world.roster.contacts().count(), 1);
}

#[test]
fn the_holders_of_the_next_part_are_rotated_by_those_of_the_part_before() {
    let mut world = World::new();
    world.plan.keys[1].key = key(3).verifying_key();
    world.apply(NOW, &[1, 2]);
    world.plan.rules.clear();
    let draft = world.plan.build(Some(&world.roster), NOW).unwrap();
    let proposal = draft.proposals().unwrap().remove(0);
    let refused = proposal
        .clone()
        .sign(&key(2), &world.anchor, Some(&world.roster));
    assert_eq!(refused.unwrap_err().code(), "proposal-not-a-signer");
    world.publish(proposal, &[1, 3]);
    assert!(world.roster.authority().rules.is_empty());
}

#[test]
fn an_admitted_device_stays_when_its_contact_is_described_again() {
    let mut world = World::new();
    let request = world.request("a/x", 7, 20);
    let annex = admit(&world.roster, &request, &code(&request), NOW).unwrap();
    world.publish(Proposal::of_annex(annex).unwrap(), &[1, 2]);
    assert_eq!(world.apply(NOW, &[1, 2]), 0);
    let contact = &mut world.plan.organisations[0].contacts.as_mut().unwrap()[0];
    contact.role = "duty desk".to_owned();
    assert_eq!(world.apply(NOW, &[1, 2]), 1);
    assert!(world.roster.device(&request.request.device).is_some());
}

#[test]
fn new_keys_of_a_device_stand_beside_the_newest_before() {
    let mut world = World::new();
    for seed in [20, 30, 40] {
        let request = world.request("a/x", 7, seed);
        let annex = admit(&world.roster, &request, &code(&request), NOW).unwrap();
        world.publish(Proposal::of_annex(annex).unwrap(), &[1, 2]);
    }
    let request = world.request("a/x", 7, 40);
    let device = world.roster.device(&request.request.device).unwrap().device;
    let keys: Vec<_> = device.keys.iter().map(|keys| keys.signing).collect();
    assert_eq!(keys, [key(40).verifying_key(), key(30).verifying_key()]);
    let removed = Removed::device(&world.roster, "0707").unwrap();
    let annex = remove(&world.roster, &removed, NOW).unwrap();
    world.publish(Proposal::of_annex(annex).unwrap(), &[1, 2]);
    assert!(world.roster.device(&request.request.device).is_none());
}

#[test]
fn a_suspension_is_lifted_by_the_plan_and_stays_lifted() {
    let mut world = World::new();
    let subject = Subject::Contact("a/x".parse().unwrap());
    let documents = suspend(&world.roster, subject.clone(), "lost", &key(2), NOW).unwrap();
    world.roster.apply(&documents).unwrap();
    assert!(world.roster.suspended(&subject).is_some());
    world.plan.lifted = vec![documents.suspensions[0].hash()];
    assert_eq!(world.apply(NOW, &[1, 2]), 1);
    assert!(world.roster.suspended(&subject).is_none());
    world.plan.lifted.clear();
    assert_eq!(world.apply(NOW, &[1, 2]), 0);
}

#[test]
fn a_plan_takes_devices_by_their_requests() {
    let mut world = World::new();
    let request = world.request("a/x", 7, 20);
    let device = DevicePlan::Request(Box::new(request.clone()));
    let contact = &mut world.plan.organisations[0].contacts.as_mut().unwrap()[0];
    contact.devices = Some(vec![device]);
    assert_eq!(world.apply(NOW, &[1, 2]), 1);
    assert_eq!(world.apply(NOW + Span::from_days(1), &[1, 2]), 0);
    assert!(world.roster.device(&request.request.device).is_some());
    let contact = &mut world.plan.organisations[0].contacts.as_mut().unwrap()[0];
    contact.address = "a/y".parse().unwrap();
    let error = world.plan.build(Some(&world.roster), NOW).unwrap_err();
    assert_eq!(error.code(), "plan-request-contact");
}

#[test]
fn a_key_file_opens_with_its_passphrase_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.key");
    let passphrase = Passphrase::new("five small grey cats");
    let protection = KeyProtection::Passphrase(&passphrase, Cost::LEAST);
    let mut randomness = OsRandomness::new();
    let name: maille_common::address::Name = "a".parse().unwrap();
    let made = KeyFile::generate(name.clone(), "A", protection, &mut randomness).unwrap();
    made.write(&path).unwrap();
    let open = |passphrase| KeyFile::read(&path).unwrap().open(passphrase);
    let opened = open(Some(&passphrase)).unwrap();
    assert_eq!(opened.key.verifying_key(), made.public().key);
    let wrong = Passphrase::new("five small grey dogs");
    assert_eq!(open(Some(&wrong)).unwrap_err().code(), "wrong-passphrase");
    assert_eq!(open(None).unwrap_err().code(), "passphrase-needed");
    // The public key is sealed with the seed: another one beside it does not open.
    let text = std::fs::read_to_string(&path).unwrap();
    let other = text.replace(
        &made.public().key.to_string(),
        &key(5).verifying_key().to_string(),
    );
    std::fs::write(&path, other).unwrap();
    assert_eq!(
        open(Some(&passphrase)).unwrap_err().code(),
        "wrong-passphrase"
    );
    let short = Passphrase::new("short");
    let protection = KeyProtection::Passphrase(&short, Cost::LEAST);
    let error = KeyFile::generate(name, "A", protection, &mut randomness).unwrap_err();
    assert_eq!(error.code(), "passphrase-too-short");
}

#[test]
fn a_roster_folder_gives_back_what_was_saved_also_from_one_file() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let roster = RosterFolder::at(folder.path().join("roster"));
    assert_eq!(roster.load(&world.anchor).unwrap(), None);
    assert_eq!(roster.save(&world.roster.documents()).unwrap().len(), 2);
    assert_eq!(roster.save(&world.roster.documents()).unwrap().len(), 0);
    assert_eq!(
        roster.load(&world.anchor).unwrap(),
        Some(world.roster.clone())
    );
    let single = folder.path().join("single");
    RosterFolder::save_single(&single, &world.roster.documents()).unwrap();
    let loaded = RosterFolder::at(&single).load(&world.anchor).unwrap();
    assert_eq!(loaded, Some(world.roster));
    std::fs::write(roster.path().join("x.part"), "hello").unwrap();
    assert_eq!(
        roster.load(&world.anchor).unwrap_err().code(),
        "file-damaged"
    );
}

#[test]
fn an_incomplete_set_of_documents_is_no_roster() {
    let world = World::new();
    let mut documents = world.roster.documents();
    documents.authority = List::new([]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let roster = RosterFolder::at(folder.path());
    roster.save(&documents).unwrap();
    assert_eq!(roster.load(&world.anchor).unwrap(), None);
    assert_ne!(documents, RosterDocuments::default());
}

/// Its part pins the last annex that it had (PROTOCOL R6), which whoever kept it has in force
/// again, and the next one follows.
#[test]
fn an_organisation_that_left_comes_back_with_the_annex_that_it_had() {
    let mut plan = NetworkPlan::of_holders("test", 2, &[holder("a", 1), holder("b", 2)]);
    plan.rules = vec![RulePlan::new("**", "**")];
    let contact = |address: &str| ContactPlan::new(address.parse().unwrap());
    plan.organisations.push(OrganisationPlan {
        contacts: Some(vec![contact("c/x")]),
        ..OrganisationPlan::new("c".parse().unwrap())
    });
    let mut world = World::of(plan);
    let mut kept = world.roster.documents();
    let c = "c/x".parse().unwrap();
    let gone = world.plan.organisations.pop().unwrap();
    world.apply(NOW + Span::from_days(1), &[1, 2]);
    kept = kept.join(world.roster.documents()).unwrap();
    world.roster = Roster::found(world.anchor.clone(), &kept).unwrap();
    assert!(world.roster.contact(&c).is_none());
    let mut back = gone;
    back.contacts = Some(vec![contact("c/x"), contact("c/y")]);
    world.plan.organisations.push(back);
    let now = NOW + Span::from_days(2);
    let draft = world.plan.build(Some(&world.roster), now).unwrap();
    let proposals = draft.proposals().unwrap();
    assert_eq!(proposals.len(), 2);
    let warnings = proposals[0].warnings(Some(&world.roster), now);
    let codes: Vec<_> = warnings.iter().map(|warning| warning.code).collect();
    assert!(codes.contains(&"organisation-returns"), "{codes:?}");
    for proposal in proposals {
        world.publish(proposal, &[1, 2]);
        kept = kept.join(world.roster.documents()).unwrap();
        world.roster = Roster::found(world.anchor.clone(), &kept).unwrap();
        assert!(world.roster.contact(&c).is_some());
    }
    assert_eq!(world.roster.annex(&c.organisation()).unwrap().number, 2);
}

/// The tree of it would take some hundred times its bytes.
#[test]
fn a_plan_of_nothing_but_tables_is_refused_while_it_is_a_text() {
    let dense = format!("lifted = [{}]", "{a=1},".repeat(10_000));
    let refused = parse_plan(&dense).unwrap_err();
    assert_eq!(refused.code(), "plan-form");
    let sentence = refused.to_string();
    assert!(
        sentence.contains("brackets, commas, words and breaks"),
        "{sentence}"
    );
}

/// Nearly as many contacts as a network may have, in the fewest bytes in which they are of use.
#[test]
fn a_plan_of_a_thousand_contacts_is_not_refused_for_its_tokens() {
    let key = SigningKey::from_seed([7; 32]).verifying_key();
    let mut text = String::from("network = \"world\"\nthreshold = 1\n");
    for organisation in 0..190 {
        text += &format!("[[organisation]]\nname = \"o{organisation}\"\nhome_relays = [\"r\"]\n");
        for contact in 0..5 {
            text += &format!(
                "[[organisation.contact]]\naddress = \"o{organisation}/c{contact}\"\n\
                 languages = [\"en\"]\nnames = {{ en = \"C\" }}\n\
                 deputies = [{{ contact = \"o1/c1\", after = \"1h\" }}]\n\
                 [[organisation.contact.device]]\nid = \"{contact:032x}\"\nlabel = \"d\"\n\
                 keys = [{{ transport = \"{key}\", signing = \"{key}\" }}]\n"
            );
        }
    }
    for organisation in 0..190 {
        text += &format!("[[rule]]\nfrom = \"o{organisation}/**\"\nto = \"**\"\n");
    }
    let plan = parse_plan(&text).unwrap();
    assert_eq!((plan.organisations.len(), plan.rules.len()), (190, 190));
}
