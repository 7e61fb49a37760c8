//! A network from a description: keys, homes, relay, and documents signed by two of three.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use maille_client::authority::RosterFolder;
use maille_client::authority::{
    ContactPlan, DevicePlan, HolderKey, HolderPlan, KeyFile, KeyProtection, NetworkPlan, Proposal,
    PublicKeyFile, RelayPlan, found as found_network, parse_plan,
};
use maille_client::entropy::OsRandomness;
use maille_client::home::{Home, NewHome, Protection};
use maille_common::address::{ContactAddress, DeviceId, Name};
use maille_common::codec::Text;
use maille_common::randomness::Randomness;
use maille_common::roster::{Anchor, Roster, SignedRequest};
use maille_common::terms::{Reach, Standing};

use super::site::{Site, file_fault};
use crate::clock::now;
use crate::demo::relay_folder;
use crate::exit::Exit;
use crate::fault::Fault;
use crate::sentence::{fault, hint};

/// Holders of the authority's keys, and how many have to sign.
const HOLDERS: usize = 3;
const THRESHOLD: u8 = 2;

/// The one relay of the network.
#[derive(Debug, Clone)]
pub(crate) struct RelaySite {
    /// Its name in the roster.
    pub(crate) name: Name,
    /// The organisation that operates it.
    pub(crate) organisation: Name,
    /// Where devices reach it, as the roster says; on loopback.
    pub(crate) address: SocketAddr,
}

/// A network that was founded.
#[derive(Debug)]
pub(crate) struct Founded {
    /// Its folder.
    pub(crate) site: Site,
    /// Its roster, proved from its anchor.
    pub(crate) roster: Roster,
    /// Its relay.
    pub(crate) relay: RelaySite,
    /// Its contacts, as described.
    pub(crate) contacts: Vec<ContactAddress>,
}

/// Founds the network of a description in a folder that is not there yet, or empty.
///
/// Every contact gets one device, whose home opens with the machine's key. The relay's folder and
/// every home hold the published documents.
pub(crate) fn found(site: Site, plan: &str, relay: RelaySite) -> Result<Founded, Fault> {
    refuse_full_folder(site.root())?;
    let mut plan = parse_plan(plan)?;
    plan.reach = Reach::Loopback;
    let holders = make_holders(&site, &mut plan)?;
    let anchor = write_anchor(&site, &plan)?;
    plan.relays = vec![make_relay(&site, &relay)?];
    let mut contacts = Vec::new();
    for organisation in &mut plan.organisations {
        organisation.home_relays = vec![relay.name.clone()];
        for contact in organisation.contacts.iter_mut().flatten() {
            let request = make_home(&site, &anchor, contact)?;
            contact.devices = Some(vec![DevicePlan::Request(Box::new(request))]);
            contacts.push(contact.address.clone());
        }
    }
    let roster = publish(&site, &plan, &anchor, &holders)?;
    hand_over(&site, &roster, &contacts)?;
    Ok(Founded {
        site,
        roster,
        relay,
        contacts,
    })
}

fn refuse_full_folder(root: &Path) -> Result<(), Fault> {
    let is_full = fs::read_dir(root).is_ok_and(|mut entries| entries.next().is_some());
    if !is_full {
        return Ok(());
    }
    let path = &root.display();
    let sentence = fault::FolderNotEmpty { path };
    Err(Fault::new(Exit::Input, "folder-not-empty", sentence).with_hint(hint::NewFolder))
}

/// The first members hold the keys. In a network that protects something each holder makes the key
/// on a machine of their own (`maille authority key new`).
fn make_holders(site: &Site, plan: &mut NetworkPlan) -> Result<Vec<HolderKey>, Fault> {
    let members = plan
        .organisations
        .iter()
        .filter(|body| body.standing == Standing::Member);
    let names: Vec<Name> = members
        .take(HOLDERS)
        .map(|member| member.name.clone())
        .collect();
    let mut holders = Vec::new();
    for name in names {
        let path = site.holder_key(&name);
        make_folder_of(&path)?;
        let protection = KeyProtection::Plain;
        let key = KeyFile::generate(name, "Duty officer", protection, &mut OsRandomness::new())?;
        key.write(&path)?;
        key.public().write(&path.with_extension("pub"))?;
        holders.push(key.open(None)?);
    }
    plan.threshold = THRESHOLD;
    plan.keys = holders
        .iter()
        .map(|holder| HolderPlan::from(&holder.public))
        .collect();
    Ok(holders)
}

/// The anchor needs the keys alone, so it stands before relay and homes, which begin with it.
fn write_anchor(site: &Site, plan: &NetworkPlan) -> Result<Anchor, Fault> {
    let public = |holder: &HolderPlan| PublicKeyFile {
        organisation: holder.organisation.clone(),
        holder: holder.holder.clone(),
        key: holder.key,
    };
    let holders: Vec<PublicKeyFile> = plan.keys.iter().map(public).collect();
    let least = NetworkPlan::of_holders(&plan.network, plan.threshold, &holders);
    let anchor = found_network(&least, now())?.anchor;
    site.roster().write_anchor(&anchor)?;
    Ok(anchor)
}

fn make_relay(site: &Site, relay: &RelaySite) -> Result<RelayPlan, Fault> {
    let keys = relay_folder::make(&site.relay(), relay, &site.roster().anchor_path())?;
    Ok(RelayPlan {
        name: relay.name.clone(),
        organisation: relay.organisation.clone(),
        addresses: vec![relay.address.to_string()],
        keys: vec![keys],
    })
}

fn make_home(site: &Site, anchor: &Anchor, contact: &ContactPlan) -> Result<SignedRequest, Fault> {
    let home = new_home(site, anchor, &contact.address)?;
    Ok(home.device_request(now()))
}

/// Makes a home that opens with the machine's key.
pub(crate) fn new_home(
    site: &Site,
    anchor: &Anchor,
    contact: &ContactAddress,
) -> Result<Home, Fault> {
    let path = site.home(contact);
    make_folder_of(&path)?;
    let mut randomness = OsRandomness::new();
    let new = NewHome {
        anchor: anchor.clone(),
        contact: contact.clone(),
        device: DeviceId::from_bytes(randomness.array()),
        label: Text::new("duty desk").expect("nine bytes are under 64"),
    };
    Ok(Home::create(
        &path,
        new,
        Protection::Machine,
        now(),
        &mut randomness,
    )?)
}

/// Part 1 first, then the annexes that it makes room for; each signed by as many as have to.
fn publish(
    site: &Site,
    plan: &NetworkPlan,
    anchor: &Anchor,
    holders: &[HolderKey],
) -> Result<Roster, Fault> {
    let folder = site.roster();
    let signers = &holders[..holders.len().min(usize::from(THRESHOLD))];
    let first = sign(found_network(plan, now())?.proposal, anchor, None, signers)?;
    let documents = first.publish(anchor, None)?;
    folder.save(&documents)?;
    let refused = |error| Fault::from(maille_client::authority::RosterFolderError::Refused(error));
    let mut roster = Roster::found(anchor.clone(), &documents).map_err(refused)?;
    let draft = plan.build(Some(&roster), now())?;
    let proposals = draft.proposals();
    let too_long = |error| Fault::new(Exit::Input, "proposal-too-long", error);
    for proposal in proposals.map_err(too_long)? {
        let signed = sign(proposal, anchor, Some(&roster), signers)?;
        let documents = signed.publish(anchor, Some(&roster))?;
        folder.save(&documents)?;
        roster.apply(&documents).map_err(refused)?;
    }
    Ok(roster)
}

fn sign(
    proposal: Proposal,
    anchor: &Anchor,
    roster: Option<&Roster>,
    signers: &[HolderKey],
) -> Result<Proposal, Fault> {
    signers.iter().try_fold(proposal, |proposal, holder| {
        Ok(proposal.sign(&holder.key, anchor, roster)?)
    })
}

fn hand_over(site: &Site, roster: &Roster, contacts: &[ContactAddress]) -> Result<(), Fault> {
    let documents = roster.documents();
    RosterFolder::at(site.relay().join("roster")).save(&documents)?;
    for contact in contacts {
        RosterFolder::of_home(&site.home(contact)).save(&documents)?;
    }
    Ok(())
}

fn make_folder_of(path: &Path) -> Result<(), Fault> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|error| file_fault(folder, &error))
}
