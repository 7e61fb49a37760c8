//! A network of one relay and two desks, with fresh folders and keys from fixed seeds.

use std::path::{Path, PathBuf};

use maille_common::address::{ContactAddress, DeviceId, Name};
use maille_common::codec::{List, SortedList, Text, decode, encode};
use maille_common::crypto::ed25519::SigningKey;
use maille_common::extension::Extensions;
use maille_common::hash::Hash;
use maille_common::identifier::Epoch;
use maille_common::roster::{
    Annex, AuthorityKey, AuthorityPart, Contact, Device, DeviceKeys, Organisation, Relay as Place,
    RelayKeys, Roster, RosterDocuments, Rule, SignedAnnex, SignedAuthority, UrgencyDefault,
    Version, sign_annex, sign_authority,
};
use maille_common::terms::{Reach, Standing, Urgency};
use maille_common::time::{Span, Timestamp};
use maille_common::wire::{ANSWER_BYTES_MAX, Answer, Hello, Request};
use maille_link::{AnswerBound, Dialer, Identity, Limits, Link, Priority};
use maille_relay::{
    Clock, Config, NewRelay, OsRandomness, Relay, RelayFolder, RunningRelay, Setup, StartError,
    SystemClock, init, read_anchor,
};

pub(crate) const NETWORK: &str = "testing";

/// The folder, and everything signed so far.
pub(crate) struct World {
    _home: tempfile::TempDir,
    pub(crate) folder: RelayFolder,
    pub(crate) part: SignedAuthority,
    pub(crate) annex: SignedAnnex,
}

/// A network that was founded anew.
pub(crate) struct Anew {
    pub(crate) anchor: PathBuf,
    pub(crate) roster: PathBuf,
    pub(crate) code: String,
}

/// One device of `interpol`, by its number.
#[derive(Clone, Copy)]
pub(crate) struct Desk(pub(crate) u8);

impl Desk {
    pub(crate) fn id(self) -> DeviceId {
        DeviceId::from_bytes([self.0; 16])
    }

    pub(crate) fn contact(self) -> ContactAddress {
        format!("interpol/desk-{}", self.0).parse().unwrap()
    }

    pub(crate) fn transport(self) -> SigningKey {
        SigningKey::from_seed([100 + self.0; 32])
    }

    fn keys(self) -> DeviceKeys {
        DeviceKeys {
            transport: self.transport().verifying_key(),
            signing: SigningKey::from_seed([200 + self.0; 32]).verifying_key(),
            valid_from: Timestamp::EPOCH,
            valid_to: None,
        }
    }
}

impl World {
    /// A folder made by `init`, a network that names it, and desks 1 and 2.
    pub(crate) fn new(reach: Reach) -> Self {
        let home = tempfile::tempdir().unwrap();
        let folder = RelayFolder::new(home.path().join("relay"));
        let request = init(&folder, &new_relay(home.path()), &mut OsRandomness::new()).unwrap();
        let strict = |hex: &str| {
            let bytes = maille_common::codec::from_hex(hex).unwrap();
            maille_common::crypto::ed25519::VerifyingKey::strict(bytes).unwrap()
        };
        let keys = RelayKeys {
            transport: strict(&request.transport),
            signing: strict(&request.signing),
        };
        let key = authority_key();
        let part = sign(part(reach, keys, &key), &key);
        let annex = signed_annex(1, Hash::ZERO, &[Desk(1), Desk(2)], &key);
        let world = Self {
            _home: home,
            folder,
            part,
            annex,
        };
        world.drop_in("first.part", &encode(&world.part));
        world.drop_in("second.part", &encode(&world.annex));
        world
    }

    pub(crate) fn drop_in(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.folder.roster().join(name), bytes).unwrap();
    }

    /// The names in the folder of the roster.
    pub(crate) fn roster_files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.roster()).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// The authority part that follows, with these keys of the relay.
    pub(crate) fn next_part(&self, keys: Vec<RelayKeys>, now: Timestamp) -> SignedAuthority {
        let mut part = AuthorityPart::clone(self.part.part.value());
        part.number += 1;
        part.previous = self.part.hash();
        part.issued = now;
        part.renew_by = now + Span::from_days(365);
        let mut relay = part.relays[0].clone();
        relay.keys = List::new(keys).unwrap();
        part.relays = SortedList::new([relay]).unwrap();
        sign(part, &authority_key())
    }

    /// The annex that follows, with these desks alone.
    pub(crate) fn next_annex(&self, desks: &[Desk]) -> SignedAnnex {
        let (number, previous) = (self.annex.annex.number + 1, self.annex.hash());
        signed_annex(number, previous, desks, &authority_key())
    }

    /// The same network, founded anew by another holder of keys: the anchor's file, its code, and
    /// the folder of its roster.
    pub(crate) fn found_anew(&self) -> Anew {
        let anew = self.folder.root().with_file_name("anew");
        let (anchor, roster) = (anew.join("anchor"), anew.join("roster"));
        std::fs::create_dir_all(&roster).unwrap();
        let key = next_authority_key();
        write_anchor(&anchor, &key);
        let keys = self.part.part.relays[0].keys[0].clone();
        let part = sign(part(self.part.part.reach, keys, &key), &key);
        let annex = signed_annex(1, Hash::ZERO, &[Desk(1), Desk(2)], &key);
        std::fs::write(roster.join("first.part"), encode(&part)).unwrap();
        std::fs::write(roster.join("second.part"), encode(&annex)).unwrap();
        let code = read_anchor(&anchor).unwrap().code().to_string();
        Anew {
            anchor,
            roster,
            code,
        }
    }

    pub(crate) fn roster(&self) -> Roster {
        let anchor = read_anchor(&self.folder.anchor()).unwrap();
        let mut documents = annexes([self.annex.clone()]);
        documents.authority = List::new([self.part.clone()]).unwrap();
        Roster::found(anchor, &documents).unwrap()
    }

    pub(crate) fn config(&self) -> Config {
        let mut config = Config::new("north".parse().unwrap(), NETWORK);
        config.listen = "127.0.0.1:0".parse().unwrap();
        config.low_water_bytes = 0;
        config
    }

    pub(crate) async fn start(&self) -> RunningRelay {
        self.try_start(self.config()).await.unwrap()
    }

    pub(crate) async fn try_start(&self, config: Config) -> Result<RunningRelay, StartError> {
        Relay::start(Setup::new(self.folder.clone(), config)).await
    }

    /// A link of a desk, with nothing said yet. The dialer has to live as long as the link.
    pub(crate) async fn connect(&self, desk: Desk, relay: &RunningRelay) -> (Dialer, Link) {
        let keys = &self.part.part.relays[0].keys[0];
        self.connect_to(desk, relay, keys).await
    }

    /// The same, to a relay that holds these keys.
    pub(crate) async fn connect_to(
        &self,
        desk: Desk,
        relay: &RunningRelay,
        keys: &RelayKeys,
    ) -> (Dialer, Link) {
        let identity = Identity::new("desk", &desk.transport()).unwrap();
        let dialer = Dialer::bind(identity, Limits::default()).unwrap();
        let link = dialer
            .connect(&relay.address().to_string(), &[keys.transport])
            .await
            .unwrap();
        (dialer, link)
    }
}

pub(crate) fn hello(desk: Desk) -> Request {
    Request::Hello(Hello {
        versions: List::new([1]).unwrap(),
        device: desk.id(),
        roster: Hash::ZERO,
        epoch: Epoch(1),
        challenge: [7; 16],
        seen: None,
    })
}

pub(crate) async fn ask(link: &Link, request: &Request) -> Answer {
    let bound = AnswerBound {
        bytes_max: ANSWER_BYTES_MAX,
        deadline: std::time::Duration::from_secs(30),
    };
    let bytes = link
        .request(Priority::Normal, &encode(request), bound)
        .await
        .unwrap();
    decode(&bytes).unwrap()
}

pub(crate) fn annexes<const N: usize>(annexes: [SignedAnnex; N]) -> RosterDocuments {
    RosterDocuments {
        annexes: List::new(annexes).unwrap(),
        ..RosterDocuments::default()
    }
}

fn authority_key() -> SigningKey {
    SigningKey::from_seed([1; 32])
}

/// The holder of the keys after the network was founded anew.
fn next_authority_key() -> SigningKey {
    SigningKey::from_seed([2; 32])
}

fn write_anchor(anchor: &Path, key: &SigningKey) {
    let key = key.verifying_key();
    let text = format!("version = 1\nnetwork = \"{NETWORK}\"\nthreshold = 1\nkeys = [\"{key}\"]\n");
    std::fs::write(anchor, text).unwrap();
}

fn new_relay(home: &Path) -> NewRelay {
    let anchor = home.join("the-anchor");
    write_anchor(&anchor, &authority_key());
    NewRelay {
        name: "north".parse().unwrap(),
        organisation: "interpol".parse().unwrap(),
        network: NETWORK.to_owned(),
        addresses: vec!["localhost:4433".to_owned()],
        listen: None,
        anchor,
    }
}

fn part(reach: Reach, keys: RelayKeys, key: &SigningKey) -> AuthorityPart {
    let name = |text: &str| -> Name { text.parse().unwrap() };
    let now = SystemClock.now();
    let organisation = Organisation {
        name: name("interpol"),
        standing: Standing::Member,
        names: SortedList::empty(),
        home_relays: List::new([name("north")]).unwrap(),
        annex_threshold: 0,
        annex_keys: SortedList::empty(),
        pin: None,
    };
    let default = |urgency: &Urgency| UrgencyDefault {
        urgency: *urgency,
        ack_within: Span::from_minutes(15),
        expires_after: Span::from_days(1),
    };
    AuthorityPart {
        version: Version::ONE,
        network: Text::new(NETWORK).unwrap(),
        reach,
        number: 1,
        previous: Hash::ZERO,
        issued: now,
        renew_by: now + Span::from_days(30),
        threshold: 1,
        keys: SortedList::new([AuthorityKey {
            key: key.verifying_key(),
            organisation: name("interpol"),
            holder: Text::new("an office").unwrap(),
        }])
        .unwrap(),
        organisations: SortedList::new([organisation]).unwrap(),
        relays: SortedList::new([Place {
            name: name("north"),
            organisation: name("interpol"),
            addresses: List::new([Text::new("localhost:4433").unwrap()]).unwrap(),
            keys: List::new([keys]).unwrap(),
        }])
        .unwrap(),
        lists: SortedList::empty(),
        defaults: List::new(Urgency::ALL.iter().map(default).collect::<Vec<_>>()).unwrap(),
        rules: List::new([Rule {
            from: Text::new("**").unwrap(),
            to: Text::new("**").unwrap(),
            two_persons: SortedList::empty(),
        }])
        .unwrap(),
        lifted: SortedList::empty(),
        extensions: Extensions::empty(),
    }
}

fn sign(part: AuthorityPart, key: &SigningKey) -> SignedAuthority {
    let proposal = SignedAuthority::propose(part).unwrap();
    let signature = sign_authority(key, proposal.part.bytes());
    proposal.with(signature).unwrap()
}

fn signed_annex(number: u64, previous: Hash, desks: &[Desk], key: &SigningKey) -> SignedAnnex {
    let now = SystemClock.now();
    let contact = |desk: &Desk| Contact {
        address: desk.contact(),
        names: SortedList::empty(),
        role: Text::new("desk").unwrap(),
        languages: List::empty(),
        time_zone: Text::new("Europe/Paris").unwrap(),
        hours: List::empty(),
        telephones: List::empty(),
        deputies: List::empty(),
        system_acknowledges: false,
        valid_from: Timestamp::EPOCH,
        valid_to: None,
        devices: SortedList::new([Device {
            id: desk.id(),
            label: Text::new("left").unwrap(),
            keys: List::new([desk.keys()]).unwrap(),
        }])
        .unwrap(),
    };
    let annex = Annex {
        version: Version::ONE,
        network: Text::new(NETWORK).unwrap(),
        organisation: "interpol".parse().unwrap(),
        number,
        previous,
        issued: now,
        renew_by: now + Span::from_days(30),
        officer_names: true,
        contacts: SortedList::new(desks.iter().map(contact).collect::<Vec<_>>()).unwrap(),
        lifted: SortedList::empty(),
        extensions: Extensions::empty(),
    };
    let proposal = SignedAnnex::propose(annex).unwrap();
    let signature = sign_annex(key, proposal.annex.bytes());
    proposal.with(signature).unwrap()
}
