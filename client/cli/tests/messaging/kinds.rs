//! Updates and cancels as the commands give and show them.

use crate::world::World;

#[test]
fn an_update_and_a_cancel_stand_beside_the_alert_at_both_desks() {
    let world = World::new().introduced();
    let (lyon, tunis) = (world.lyon(), world.tunis());
    let to_tunis = [
        "send",
        "--to",
        "afripol/tn/tunis",
        "--subject",
        "Stolen van",
    ];
    let words = ["--body", "White.", "--status", "actual"];
    let sent = lyon.json(&[&to_tunis[..], &words].concat());
    let id = sent["short"].as_str().unwrap();
    let update = lyon.json(&["update", id, "--body", "Blue, not white."]);
    let cancel = lyon.json(&["cancel", id, "--reason", "It was found."]);
    assert_eq!(update["sent"][0]["contact"], "afripol/tn/tunis");
    assert_eq!(cancel["unreached"].as_array().unwrap().len(), 0);

    let shown = |amendments: &serde_json::Value| {
        let amendments = amendments.as_array().unwrap().iter();
        let shown = amendments.map(|one| (one["kind"].clone(), one["id"].clone()));
        shown.collect::<Vec<_>>()
    };
    let expected = [
        ("update".into(), update["id"].clone()),
        ("cancel".into(), cancel["id"].clone()),
    ];
    let track = lyon.json(&["track", id]);
    assert_eq!(shown(&track["amendments"]), expected);
    assert_eq!(track["recipients"][0]["state"], "cancelled");
    let story = lyon.json(&["track", update["short"].as_str().unwrap()]);
    assert_eq!(story["refers_to"], sent["id"]);

    tunis.until("test", |event| event["kind"] == "cancel");
    let inbox = tunis.json(&["inbox"]);
    let alerts = inbox["alerts"].as_array().unwrap();
    let of = |id: &serde_json::Value| alerts.iter().find(|alert| alert["id"] == *id).unwrap();
    assert_eq!(shown(&of(&sent["id"])["amendments"]), expected);
    assert_eq!(of(&update["id"])["refers_to"], sent["id"]);
    let text = tunis.done(&["inbox"]);
    assert!(text.contains("CANCELLED by interpol/fr/lyon, "), "{text}");

    // Once somebody has read it, what was taken back waits no more.
    let read = tunis.json(&["read", id]);
    assert_eq!(shown(&read["amendments"]), expected);
    let inbox = tunis.json(&["inbox"]);
    let mut left = inbox["alerts"].as_array().unwrap().iter();
    assert!(left.all(|alert| alert["id"] != sent["id"]), "{inbox}");

    lyon.refused(&["cancel", id], 4, "already-cancelled");
    tunis.refused(&["update", id, "--body", "Ours?"], 4, "not-yours");
    let named = ["update", id, "--to", "afripol/tn/tunis", "--body", "Again"];
    lyon.refused(&named, 3, "list-is-fixed");
    let ended = ["add", id, "--deputy", "afripol/tn/tunis"];
    lyon.refused(&ended, 4, "alert-ended");
}
