# The sentences for people, in English.
#
# A sentence of each id is declared in src/sentence/, with its arguments. Ids are nouns and what is
# said of them. Keep flags, commands, file names and what stands in backticks as they are; a plural
# is a selector. Punctuation at the end belongs to the sentence; indents and columns do not.

## fault: What failed.

fault-output-unwritable = The result cannot be printed: { $error }.
fault-not-yes = Nothing was done: the answer was not yes.
fault-no-home = This command needs the home of a device.
fault-no-threads = The program cannot start its threads: { $error }.
fault-desk-failed = The agent has stopped. { $error }
fault-not-on-duty = An agent holds this home, and { $officer } is not on duty there.
fault-agent-silent = The agent at { $socket } did not answer: { $error }.
fault-no-socket = The socket { $path } cannot be made: { $error }.
fault-no-such-question = There is no question `{ $name }`.
fault-question-malformed = The question `{ $name }` is not understood: { $error }.
fault-question-unreadable = The question cannot be read: { $error }.
fault-answer-unwritable = The answer cannot be written: { $error }.
fault-passphrases-differ = The two passphrases differ.
fault-passphrase-file-unreadable = The passphrase file { $path } cannot be read: { $why }.
fault-first-line-empty = its first line is empty
fault-passphrase-needed = A passphrase is needed, and nobody can be asked: { $error }.
fault-no-authority-part-yet = { $path } holds no authority part yet.
fault-folder-not-empty = { $path } is not empty, and nothing is written over.
fault-file-unusable = { $path } cannot be used: { $error }.
fault-no-agent-here = This system has no Unix sockets, so no agent can be reached here.
fault-signals-unheard = Signals cannot be heard: { $error }.
fault-not-loopback = { $address } is not on loopback, and the example's keys protect nothing.
fault-reader-name = A reader's name has 1 to { $limit } bytes.
fault-private-key-as-public = A private key is not written to a file that ends in `.pub`.
fault-wrong-anchor-code = The code is not the code of this anchor: it is another one than the letter speaks of, or a digit was misread. Nothing was changed.
fault-other-anchor = The anchor is not the one this home was made with.
fault-no-authority-part = { $path } holds no authority part.
fault-device-of-others = The roster has this device with other keys or for another contact.
fault-device-not-designated = The roster is kept, and it does not let this device act: it is { $designation } there.
fault-no-officer-named = { $path } does not name an officer.
fault-on-duty-unusable = { $path } cannot be read or written: { $error }.
fault-nobody-on-duty = Nobody is on duty in this home.
fault-duty-unchanged = Who is on duty was not changed: { $error }.
fault-reason-misplaced = --{ $flag } says more about the reason { $reason }, which was not given.
fault-repeated-unnamed = The alert that this one repeats is not named.
fault-answer-not-base64 = The agent's answer is not base64: { $error }.
fault-no-such-part = The alert has { $count } parts, counted from 1, and none is { $asked }.
fault-part-is-attachment = Part { $part } is an attachment.
fault-folder-unusable = The folder { $path } cannot be used: { $error }.
fault-not-sent = Alert { $alert } is kept, and NOT SENT to { $count } of its recipients.
fault-nothing-to-say = There is nothing to say.
fault-already-cancelled = Alert { $alert } was taken back already, by { $short }.
fault-body-unreadable = The body cannot be read from standard input: { $error }.
fault-also-malformed = `{ $given }` does not name a channel and a reference in it.
fault-handling-malformed = `{ $given }` is not a handling code.
fault-cap-status = The CAP file has the status { $status }, which no alert has.
fault-payload-too-large = The payload { $path } has more than 8 MiB.
fault-not-a-file = it is not a file
fault-not-executable = it may not be run
fault-writable-by-all = everybody may write to it
fault-hook-program = The program { $path } cannot be run for events: { $why }.
fault-webhook = The webhook { $name } cannot be told: { $why }.
fault-webhook-name = its name is not 1 to 32 letters, digits, - and _
fault-webhook-twice = another has the same name
fault-webhook-url = its url is not https://HOST/PATH
fault-webhook-plain = http is for this machine alone, and https for others
fault-webhook-unjudged = ca_file is missing, by which its server is judged
fault-webhook-judged = nothing is judged by ca_file where the url is http
fault-webhook-event = there is no event { $event }
fault-webhook-secret = the secret in { $path } cannot be used: { $why }
fault-readable-by-others = others may read it; it needs mode 0600
fault-secret-form = it is not whsec_ and 24 to 64 bytes in base64
fault-too-long = it is too long
fault-reader-of-agent = The reader { $reader } is one of the agent's own.
fault-file-unreadable = { $path } cannot be read: { $why }.
fault-no-subject = The alert has no subject.
fault-no-contact = `{ $text }` is no contact: { $error }
fault-relay-process = The relay's process failed: { $error }.
fault-relay-silent = The relay's process did not say that it serves.
fault-relay-not-stopped = The relay's process did not stop in order ({ $status }).
fault-steps-not-verified = Not every step was verified.
fault-export-in-the-way = { $path } is there already, and an export takes no other file's place.
fault-export-refused = { $fault } (PROTOCOL { $check })
fault-stays-apart = What { $contact } and this desk hold of the alerts between them differs, and stays so.
fault-wrong-archive-code = The code is not the code of this archive key: it is another one, or a digit was misread. Nothing was changed.
fault-archive-faulty =
    { $count ->
        [one] One record of the archive is missing, altered, or proves nothing; everything else is as shown.
       *[other] { $count } records of the archive are missing, altered, or prove nothing; everything else is as shown.
    }
fault-not-compared = { $contact } has not answered yet.

## hint: What to do.

hint-answer-yes = Answer `yes`, or give --yes where nobody can be asked.
hint-name-home = Name it with --home DIR, or set MAILLE_HOME.
hint-pass-proposal-on = Pass the file on; `maille authority status` tells for whom it waits.
hint-update-roster = Bring the folder of --roster up to date, or make the proposal again on it.
hint-publish-organisation = Publish the authority part that brings the organisation first.
hint-propose-anew = Delete the file, make the proposal again, and have it signed within days; --without-overlap publishes this one, and cuts off whoever is away.
hint-telephone-for-code = Telephone the contact again, and give what they read out with --code.
hint-describe-contact = Describe the contact in a file, and bring it in by `maille authority apply`.
hint-join-roster = Take the network's roster with `maille device join`.
hint-list-contacts = `maille contacts` lists everybody; check what was given with --to.
hint-check-words = Check --subject, --body and --handling.
hint-leave-out-to = Leave out --to; `maille add` adds recipients.
hint-reply-instead = Write to its sender with `maille reply`.
hint-send-anew = Send another alert with `maille send`.
hint-see-who-owes = `maille track` shows who owes an answer, and `maille contacts` the deputies.
hint-see-cancel = `maille track` shows it; with --reference the same cancel may be given again.
hint-other-reference = Give another --reference, or send exactly what was sent before.
hint-attach-file = Give the file with --attach.
hint-check-attach = Check --attach; nothing was sent.
hint-check-cap = Check --cap; nothing was sent.
hint-go-on-duty = Go on duty with `maille officer in NAME`.
hint-type-more = Type more of the ID you mean.
hint-find-ids = Ids stand in `maille inbox --all` and in what `maille send` printed.
hint-attachment-comes = It goes on coming by itself while an agent or `maille listen` runs.
hint-check-save = Check --save.
hint-telephone-and-compare = Telephone, and go through the alerts together: `maille track ID` and `maille read ID`.
hint-compares-daily = A desk answers when it is open; it is asked again daily, and `maille reconcile` asks at once.
hint-track-alert = `maille track ID` tells where it stands with each recipient.
hint-other-officer = Leave --officer out, or go on duty first with `maille officer in`.
hint-restart-agent = Look whether it still runs, and is of this version; start it again.
hint-questions = POST to /v1/ and one of: { $names }.
hint-question-fields = docs/commands.md shows the fields of every question.
hint-shorter-home = A socket's path is short, about 100 bytes: choose a shorter --home.
hint-check-key-file-or-make = Check --key-file; `maille authority key new` makes one.
hint-check-passphrase-file = Check --passphrase-file.
hint-check-both-passphrase-files = Check --passphrase-file and --new-passphrase-file.
hint-name-officer = Name who opens it with --officer, or sign in with `maille officer in`.
hint-check-officer = Check --home, --officer and --passphrase-file.
hint-check-passphrase-path = Check the path given with the passphrase flag.
hint-use-terminal = Run the command at a terminal, or give --passphrase-file FILE.
hint-give-roster-and-anchor = Give the folder with --roster and the anchor with --anchor.
hint-check-roster-and-anchor = Check --roster and --anchor.
hint-publish-first = Check --roster, or publish authority part 1 first.
hint-new-folder = Name a folder that is not there yet.
hint-no-agent-needed = Leave it out: every command opens the home and does the work itself.
hint-mend-archive = Mount its folder, make room there, or let this desk write there; it then goes on by itself.
hint-keep-archiving = Keep `maille agent` running until it has caught up; `maille archive status` says how far it is.
hint-find-left-out = The log of the agent names them; `maille export` writes out what is still here.
hint-mend-hook = Look why it fails; the agent tells it again by itself.
hint-ask-for-webhook = Ask whoever runs it for another address, or take it out of settings.toml; then start the agent again.
hint-do-remedies = Do what stands behind each `do`.
hint-mend-it = Mend what the sentence names.
hint-have-admitted = Have your organisation admit it, then `maille device join` with the newer roster.
hint-telephone-authority = Telephone the authority: somebody signed two stories.
hint-ask-for-newer = Ask the authority for a newer one; service goes on.
hint-open-firewall = Let UDP to it through the firewall; if others fail too, telephone its operator.
hint-set-clock = Set the clock of this machine (NTP); if it is right, tell the relay's operator.
hint-telephone-for-keys = Telephone them: a desk publishes its keys when it connects.
hint-home-in-use = Try again when it has ended, or keep `maille agent` running: then any number of commands work at once.
hint-check-home = Check --home.
hint-stop-agent-first = End it first: `systemctl --user disable --now maille-agent` where it is a service, or Ctrl-C where it was started.
hint-wipe-again = Mend what is said, and wipe again: it goes on where it stopped.
hint-check-writers = Check --home, and who may write there.
hint-close-folder = Close it: chmod 700.
hint-check-disk = Check the disk of --home.
hint-make-room = Make room: the desk sends nothing new and takes no attachments in.
hint-make-room-soon = Make room soon: below { $low_mib } MiB nothing new is sent.
hint-no-room = It was not done, and nothing is lost: make room on the volume of --home, then try again.
hint-mend-disk = Mend the disk of --home, then start again: what was promised is in the home.
hint-loopback-address = Give --listen an address such as 127.0.0.1:4433.
hint-other-folder = Choose another DIR.
hint-check-hook = Name one program by its path in --on-alert and --on-overdue; arguments belong into a script.
hint-check-webhook = Mend its [[webhook]] in settings.toml of the home, or the files named there.
hint-check-reader = Check --reader.
hint-check-out = Check --out.
hint-mend-plan = Mend the file; docs/commands.md describes it.
hint-mend-file = Mend the file.
hint-check-key = Check --key.
hint-check-founding = Check --network, --key and -k.
hint-other-roster = Choose another --roster.
hint-check-holder = Check --holder and --passphrase-file.
hint-make-renewals = Make the file with `maille device renewals` at a desk of the organisation.
hint-other-out = Choose another --out.
hint-out-for-key = Choose an --out such as `interpol.key`.
hint-other-out-folder = Choose another folder with --out, or remove the earlier proposal.
hint-check-roster = Check --roster.
hint-other-single = Choose another --single.
hint-check-key-file = Check --key-file.
hint-check-anchor = Check --anchor.
hint-compare-letter = Read the letter again, and telephone those who signed it.
hint-compare-anchor = Compare the keys of --anchor with those who handed it over.
hint-telephone-organisation = Telephone your organisation: somebody else may have been admitted in your place.
hint-ask-why-suspended = Ask your organisation why; only it and the authority can lift that.
hint-ask-to-be-admitted = Ask your organisation to admit it, then join again with the newer roster.
hint-other-home = Choose another --home.
hint-check-key-to-suspend = Check --key-file: a key of the authority, or of the subject's organisation.
hint-check-device = Check --device.
hint-check-new-officer = Check NAME and --new-passphrase-file.
hint-check-officer-name = Check --home and NAME.
hint-check-passphrases = Check --home, NAME, --passphrase-file and --new-passphrase-file.
hint-sign-in-again = Sign in again with `maille officer in NAME`.
hint-check-home-and-disk = Check --home and its disk.
hint-check-sign-in = Check --home, NAME and --passphrase-file.
hint-give-reason = Give --reason { $reason }, or leave --{ $flag } out.
hint-name-repeated = Name it with --duplicate-of ID.
hint-check-part = Check --part.
hint-save-it = Save it with --save DIR.
hint-telephone-and-track = Telephone, start `maille agent`, and look with `maille track`.
hint-give-words = Give --body, --payload, --attach or --cap.
hint-also-form = Write --also CHANNEL:REFERENCE, as in --also siena:2026-1183.
hint-handling-form = Give --handling H0, H1, H2, or a condition as --handling H3:TEXT.
hint-say-status = Say what it is with --status actual, exercise or test.
hint-attach-it = Give it with --attach.
hint-check-files = Check --cap, --payload and --attach; nothing was sent.
hint-say-subject = Say in one line what it is about with --subject, or give a --cap file.
hint-contact-names = Give --contacts names such as lyon, or addresses such as lyon/cyber.
hint-check-cap-path = Check --cap.
hint-give-cap = Give a CAP 1.2 file to --cap.
hint-read-relay-log = Its log is relay.log in its folder.
hint-other-to = Choose another file or folder with --to.
hint-check-export-path = Check FILE.
hint-check-archive-key = Check the file of the archive key.
hint-compare-archive-code = Telephone whoever made the archive key, and compare again.
hint-check-archive-folder = Check --to: a folder that is there, and that this desk may write to.
hint-check-archive-and-key = Check DIR and --key.
hint-other-copy-of-archive = Open another copy of the archive, if there is one.
hint-ask-for-export-again = Ask for the file again; if it is refused again, it proves nothing.

## output: What is said around faults and questions.

output-error = error: { $sentence }
output-hint = hint: { $hint }
output-type-yes = Type yes:

## home: Homes, and what opens them.

home-passphrase-of = Passphrase of { $whose }:
home-new-passphrase-of = New passphrase of { $whose }:
home-once-more = Once more:

## agent: The agent that holds a home.

agent-ready = The agent of { $contact } answers at { $socket }.
agent-stopped = The agent has stopped; what waits to be sent stays in the outbox.
agent-program-not-started = it was not started: { $error }
agent-program-exit = it ended with code { $code }
agent-program-killed = signal { $signal } ended it
agent-program-late = it was killed after { $seconds } s
agent-webhook-refused = it answered { $status }
agent-webhook-unreached = it was not told: { $error }
agent-webhook-late = it did not answer within { $seconds } s

## alert: Alerts as they are listed, read and answered.

alert-system = the system
alert-answered = { $short } is { $stage } by { $who }; receipt { $receipt }
alert-answered-again = { $short } is { $stage } by { $who }, as before; receipt { $receipt }
alert-note-left = The note did not travel: no sealing key of the sender is known here.
alert-purged = content purged
alert-listed = { $urgency } { $kind } from { $from }: { $subject }
alert-listed-received = received { $received }, { $stage }, to be acknowledged by { $due }
alert-overdue = OVERDUE
alert-possibly-seen = possibly seen
alert-expired-unseen = an alert of { $from }, accepted { $accepted } at relay { $relay }, expired here unseen; ask them to send it again
alert-as-deputy = asked in the place of { $contacts }
alert-attachments-missing = { $count } attachments on their way
alert-attachments-left =
    { $count ->
        [one] One attachment is not here yet; it goes on coming with the next `maille inbox`, or while an agent runs.
       *[other] { $count } attachments are not here yet; they go on coming with the next `maille inbox`, or while an agent runs.
    }
alert-updated = UPDATED by { $by }, { $time }: { $short }
alert-cancelled = CANCELLED by { $by }, { $time }: { $short }
alert-about-alert = about { $short }
alert-nothing-waits = Nothing waits for an answer.
alert-more-hidden = { $count } more with --all.
alert-not-actual = { $status } { $status } { $status } - NOTHING HERE IS REAL
alert-exercises = EXERCISES AND TESTS - NOTHING BELOW IS REAL
alert-exercises-wait =
    { $count ->
        [one] One of them is an exercise or test that waits for an answer: maille inbox --exercises
       *[other] { $count } of them are exercises or tests that wait for an answer: maille inbox --exercises
    }
alert-claims-actual = WARNING: it claims to be real, and is about an exercise. Ask its sender by telephone.
alert-exercise-about-actual = WARNING: it is marked as an exercise, and is about something real. Ask its sender by telephone.
alert-subject = subject
alert-from = from
alert-to = to
alert-written = written
alert-tlp = TLP
alert-handling = handling
alert-about = about
alert-judged = severity, certainty
alert-evaluation = evaluation
alert-categories = categories
alert-responses = to do
alert-events = events
alert-since = since
alert-also-known-as = also known as
alert-incidents = incidents
alert-signed-by = signed by
alert-where = where
alert-answer-within = answer asked for within
alert-received = received: { $received }; { $stage }; to be acknowledged by { $due }
alert-received-possibly-seen = received: { $received }, possibly seen before; { $stage }; to be acknowledged by { $due }
alert-read-by = read by: { $officer }
alert-on-its-way = on its way
alert-part = part { $number }: { $what }, { $media_type }, { $bytes } bytes; { $how }
alert-no-attachments = The alert has no attachments.
alert-saved = { $path } ({ $bytes } bytes)

## archive: The archive of a desk.

archive-key = the archive key
archive-keep-key = { $private } opens the archive: keep it on this machine, off the network, and a copy in a safe. Give { $public } to the desk, and read the code out by telephone.
archive-begun = Everything that is here, and everything that comes and goes, is written there; nothing waits for it.
archive-no-archive = This desk writes to no archive.
archive-stopped = This desk writes to no archive any more. What was written stays.
archive-stands =
    { $records ->
        [one] One record in { $folder }
       *[other] { $records } records in { $folder }
    }
archive-newest = chain { $chain }, newest { $last }
archive-behind =
    { $count ->
        [one] one event behind
       *[other] { $count } events behind
    }
archive-attachments-wait =
    { $count ->
        [one] one attachment is still to be copied
       *[other] { $count } attachments are still to be copied
    }
archive-left-out =
    { $count ->
        [one] ONE alert or attachment could not be archived; the log says which
       *[other] { $count } alerts or attachments COULD NOT be archived; the log says which
    }
archive-failing = CANNOT BE WRITTEN since { $time }: { $why }
archive-purged = (its content had been purged)
archive-attachments-not-here =
    { $count ->
        [one] one attachment is not in the archive
       *[other] { $count } attachments are not in the archive
    }
archive-chain =
    { $records ->
        [one] chain { $chain }: one record, newest { $last }
       *[other] chain { $chain }: { $records } records, newest { $last }
    }
archive-faulty = FAULT { $path }: { $why }
archive-not-ours = { $path } is nothing of an archive.
archive-compare-newest = Records that were cut off at the end are not seen here: compare number and newest with what the desk's `maille archive status` says.

## authority: Ceremonies of the key holders.

authority-nothing-to-sign = The roster in force is as the file says. There is nothing to sign.
authority-nothing-to-renew = The roster has taken up every renewal that holds. There is nothing to sign.
authority-no-proposal = no proposal
authority-next-steps = Hand { $anchor } over in person, once. Pass { $proposal } round: { $threshold } holders run `maille authority sign`, then one runs `maille authority publish`.
authority-hours-form = hours are written as `mon-fri 08:00-18:00`, `daily 22:00-06:00` or `always`
authority-deputy-form = a deputy is written as `afripol/dz/algiers=10m`, or `none`
authority-anchor-code = The code of the anchor, for whoever compares it: { $code }
authority-keep-key = Keep { $private } where only { $holder } can reach it. Hand over { $public }, and read the key out by telephone.
authority-changes = This is { $document }. It changes:
authority-nothing-changes = nothing but number and dates
authority-signatures = Signatures of { $document }: { $signed }, and { $threshold } needed.
authority-signed = signed
authority-not-yet = not yet
authority-unknown-holder = unknown
authority-published = The roster is now { $roster }. Copy the new files into the roster folder of each relay.
authority-sign-this = Sign this?
authority-passphrase-changed = The key of { $holder } has another passphrase. Copies of the file still open with the old one: replace those too.

## claim: What the demonstration claims, and verifies.

claim-not-so = Not so: { $claim }.
claim-did-not-come = { $what } did not come within { $seconds } s
claim-a-receipt = a receipt of { $contact }
claim-the-alert-at = the alert at { $contact }
claim-the-refusal = the refusal
claim-the-attachment = the attachment
claim-not-open = { $contact } is not open
claim-relay-not-reached = { $contact } does not reach the relay
claim-no-device = { $contact } has no device
claim-parts-are-signed = every authority part has its signatures
claim-alert-is-new = the alert is a new one
claim-every-device-has-wrap = every device of the recipients has a wrap of its own
claim-accepted-for = accepted for { $contact }
claim-accepted-for-both = the relay accepted for both
claim-relay-runs = the relay runs
claim-relay-killed = the relay was killed ({ $status })
claim-relay-had-address = the relay had an address
claim-relay-on-its-port = the relay is back on its port
claim-store-is-the-same = its store is the one it was
claim-sender-knows-store = the sender knows the relay's store
claim-same-reference-same-alert = the same reference is the same alert
claim-one-in-outbox = one alert stands in the outbox
claim-one-in-inbox = { $contact } has one alert, not { $found }
claim-arrivals = { $contact } was told of { $count } arrivals
claim-has-payload = { $contact } has a payload
claim-payload-is-file = the payload at { $contact } is the file
claim-attachment-is-file = the attachment at { $contact } is the file
claim-receipt-is-signed = the receipt is the one that was signed
claim-note-reached-sender = the note reached the sender
claim-note-is-written = the note is the one that was written
claim-obligation-is = the obligation of { $contact } is { $state }
claim-refusal-suggests = the refusal says whose it is
claim-relay-has-store = the relay has a store
claim-relay-keeps-body = the relay keeps the alert's body
claim-delivery-is-refused = a delivery is refused ({ $found })
claim-body-check-refuses = check E11 refuses what the relay delivered, not { $check }
claim-incident-names-alert = the incident names the alert
claim-incident-is-kept = the incident is kept
claim-one-incident = the incident is kept, and the only
claim-inbox-is-empty = nothing is in the inbox
claim-no-arrival = the desk told of no arrival
claim-is-recipient = { $contact } is a recipient
claim-no-receipt-yet = { $sender } has no receipt of { $recipient }, and its obligation is open
claim-first-receipt = its first receipt to { $sender }, not number { $found }
claim-observer-outbox-empty = nothing stands in the observer's outbox
claim-was-refused = { $alert } was refused
claim-relay-answers-for-each = the relay answers for each recipient
claim-relay-answers = the relay answers
claim-refused-for-no-rule = the relay refuses for want of a rule, not { $reason }
claim-key-is-current = a key is current
claim-not-admitted = it is not admitted ({ $answer })
claim-was-acknowledged = it was acknowledged
claim-moved-receipt-refused = a moved receipt is refused
claim-receipt-checks-refuse = Q3 and Q2 refuse
claim-relay-greets = the relay greets ({ $answer })
claim-batch-of-one = the receipt was signed in a batch of one
claim-words-not-public = the alert has a word to search for that is not public
claim-no-word-stored = no word of the alert is stored in the relay's folder
claim-no-word-logged = no word of the alert is in the relay's log or a name of its files
claim-alert-passed-recorder = the alert passed the recorder
claim-no-word-in-datagram = no word of the alert is in a datagram
claim-hidden-words-found = the search finds every word that is hidden from it
claim-search-finds = the search finds what is there

## contact: Contacts, before somebody writes to them.

contact-valid-until = valid until { $end }
contact-no-rule = no rule lets this desk write to it
contact-hour-unknown = hour unknown
contact-on-duty = on duty
contact-off-duty = NOT on duty
contact-duty-unknown = duty unknown
contact-no-telephone = no telephone
contact-telephones = tel. { $numbers }
contact-there = { $hour } there, { $duty }; { $telephones }
contact-designated = designation: { $designation }
contact-deputy = deputy { $contact } is asked after { $after }
contact-devices-keyed = { $keyed } of { $count } devices with keys
contact-drilled = last drill { $sent }: { $stage }; reached { $reached }
contact-drill-unanswered = last drill { $sent }: NO ANSWER; reached last { $reached }
contact-never-reached = last drill { $sent }: NO ANSWER; no drill of this desk has reached it yet

## demo: The demonstration: each step, and what proves it.

demo-everything = Everything lies in { $folder }.
demo-ok = ok
demo-not-verified = NOT VERIFIED
demo-verified = verified { $verified } of { $count } steps
demo-check-with-openssl = Check the acknowledgement with openssl alone:
demo-go-on-by-hand = Go on by hand:
demo-receipt = receipt { $hash } signed by device { $device } of { $contact } with key { $key }
demo-network = a network founded by { $threshold } of { $count } key holders ({ $holders }), with { $sender }, { $present }, { $away } and the observer { $observer }
demo-roster-proved = roster { $hash } proved from the anchor
demo-relay-serves = the relay { $name } serves as a process of its own
demo-relay-process = process { $process }, { $address } (UDP), incarnation { $incarnation }
demo-desks-open = { $sender } and { $present } are connected; { $away } published its keys and left
demo-sealing-keys = sealing keys of all three lie at the relay, signed (bundle { $bundle })
demo-sent = alert { $alert } stands in the outbox of { $sender }
demo-sent-id = alert id { $id }, the hash of what the sender's device signed
demo-accepted = the relay accepted it for both, durably
demo-accepted-for = { $hash } for { $contact } (key { $key })
demo-accepted-proofs = Accepted signed by the relay: { $proofs }
demo-relay-killed = the relay was killed with SIGKILL
demo-process-ended = process { $process }: { $status }
demo-relay-back = the relay is back on the same port with the same store
demo-relay-process-again = process { $process }, { $address }, incarnation { $incarnation } as before
demo-sent-again = the same was sent again under the same reference, and is the same alert
demo-one-in-outbox = alert id { $id }, and the outbox has 1
demo-delivered = { $recipient } has it, durably
demo-flipped-bit = the relay's owner turned over one bit of the sealed body in its store (bit 0 of byte { $byte } of { $of }); the relay served that, and the desk of { $recipient } refused it
demo-flipped-bit-proof = incident { $incident } at { $recipient }, check { $check }: { $fault }; nothing in its inbox, and no receipt of it at { $sender }
demo-turned-back = the bit was turned back, and { $recipient } has the alert whole
demo-turned-back-proof = { $receipt }, number 1 of its row: the altered one was answered to nobody
demo-once = { $present } and { $away } have it once, { $away } after another restart too
demo-once-proof = 1 alert in each inbox, 1 arrival in each stream of events
demo-payload-same = the CAP file is byte for byte the same at { $present } and { $away }
demo-payload-kept = { $bytes } bytes each, kept as payload-at-*.xml in the folder
demo-attachment-whole = the attachment of { $bytes } bytes is whole and the same at both
demo-acknowledged = { $recipient } acknowledged, and { $sender } reads the note
demo-refused = { $recipient } refused ({ $reason }, suggesting { $suggested }), and { $sender } reads why
demo-no-rule = { $observer } may not write to { $recipient }: no rule names it
demo-no-rule-proof = its desk refuses (E6): { $refusal }; its outbox is empty
demo-forged-refused = an envelope forged with the keys of { $observer } is refused by the relay too
demo-forged-proof = answer { $hash } signed by the relay: refused, { $reason }
demo-unknown-device = a device that claims to be of { $recipient } and is not in the roster is turned away
demo-unknown-device-proof = the relay closes the connection at the handshake (T1): { $refusal }
demo-moved-receipt = the acknowledgement of { $recipient } does not count for { $other }
demo-moved-receipt-proof = check Q3: { $moved }; with the other device's name in it, check Q2: { $reworded }
demo-hand-check = the acknowledgement lies in { $folder } for a check without us
demo-hand-check-proof = { $receipt }; the command stands at the end
demo-no-word-in-folder = no word of subject, text, payload, attachment or note is in the relay's folder
demo-folder-searched = searched for { $words } words of { $letters } letters or more, and { $runs } runs of shorter ones with their neighbours, as UTF-8 and UTF-16, without { $public } that stood there before the alert, in { $files } files of { $bytes } bytes; found 0 (by chance one in { $chance } demonstrations would find one)
demo-no-word-on-wire = no word of the alert was on the wire between desks and relay
demo-wire-searched = searched for { $words } words of { $letters } letters or more, and { $runs } runs of shorter ones with their neighbours, as UTF-8 and UTF-16, in { $datagrams } datagrams of { $bytes } bytes; found 0 (by chance one in { $chance } demonstrations would find one)

## device: Devices on their way into a network, and out of one.

device-joined = { $contact } in { $network }: { $designation }
device-send-request = Send { $request } to your organisation, then telephone and read this code out.
device-offers = { $contact } device { $device } ("{ $label }"): next keys offered on { $offered }
device-renewal-waits =
    { $count ->
        [one] { $contact } device { $device } has waited for its next keys for one day: have them taken up.
       *[other] { $contact } device { $device } has waited for its next keys for { $count } days: have them taken up.
    }
device-older-keys-vouch = The roster has newer keys for { $contact } device { $device } than those that vouch here: it was restored from a backup, or somebody else has renewed them. Telephone it first; if nobody restored it, suspend it.
device-nothing-offered = No device of this organisation offers other keys.
device-renewals-left =
    { $count ->
        [one] One more had no room in the file: ask again when these are taken up.
       *[other] { $count } more had no room in the file: ask again when these are taken up.
    }
device-relay-not-asked = Relay { $relay } could not be asked; what devices publish there alone is missing here.
device-take-up-renewals = Hand { $file } to whoever holds the key of your organisation: `maille authority renew` takes it up.
device-suspend-at-once = Suspend { $subject } at once? Only the full rule of signatures brings it back.
device-reanchor-changes = Under the new anchor it is otherwise than before like this; no signature of before vouches for it:
device-trust-this = Trust the new anchor, as the letter says?
device-reanchored = The anchor is now { $code }. What was trusted before is kept in the home.
device-wipe-for-good =
    Wipe the home of { $contact }, device { $device } ("{ $label }"), for good? What it has not sent, its inbox and its evidence go with its keys.
device-wiped =
    { $keys ->
        [one] The home of { $contact }, device { $device } ("{ $label }"), is wiped: one file with keys, overwritten first, and { $files } others.
       *[other] The home of { $contact }, device { $device } ("{ $label }"), is wiped: { $keys } files with keys, overwritten first, and { $files } others.
    }
device-left-in-place = { $path } is not of the home and stays: look at it yourself.
device-wipe-cannot-promise = Not promised: that a solid-state disk, a copying file system, a snapshot or a backup has forgotten the old blocks. Destroy backups of the folder, and the disk where that matters.
device-after-wipe = Now have the organisation take device { $device } out of the roster, and tell those it was writing to: until then alerts go on being sealed to it, and nobody can read them there.
device-copy-to-relays = Copy the file into the roster folder of each relay: it acts at once.

## doctor: What keeps alerts from going and coming.

doctor-not-well = { $count } findings need something done.
doctor-good = good
doctor-look = look
doctor-bad = BAD
doctor-do = do: { $remedy }
doctor-store = store
doctor-store-opens = it opens; epoch { $epoch }
doctor-key = key in roster
doctor-key-valid = this device may act for { $contact }
doctor-key-not = this device is { $designation } there
doctor-roster = roster
doctor-roster-found = number { $number }, issued { $issued }
doctor-roster-forked = number { $number }, issued { $issued }; { $forks } documents contradict it
doctor-roster-stale = number { $number }, issued { $issued }; it should have been renewed by { $renewed }
doctor-relay = relay { $name }
doctor-home-relay = relay { $name }, where this desk collects
doctor-relay-reached = reached over UDP, connected since { $since }
doctor-relay-idle = nothing to do there now
doctor-relay-silent = it has not answered yet
doctor-clock = clock against relay { $name }
doctor-clock-off = its signed time is { $offset_ms } ms from ours
doctor-duty = duty
doctor-on-duty = { $officer } is on duty
doctor-nobody-on-duty = nobody is on duty: only the system can acknowledge
doctor-outbox = outbox
doctor-nobody-lacks = nobody waits for an alert for want of keys
doctor-devices-lack = { $count } devices wait for an alert until their keys appear, the first of { $first }
doctor-archive = archive { $folder }
doctor-archive-written =
    { $records ->
        [one] it is written: 1 record
       *[other] it is written: { $records } records
    }
doctor-archive-behind =
    { $count ->
        [one] 1 event or attachment is not in it yet
       *[other] { $count } events and attachments are not in it yet
    }
doctor-archive-left-out =
    { $count ->
        [one] 1 alert or attachment could not be archived
       *[other] { $count } alerts and attachments could not be archived
    }
doctor-archive-fails = it cannot be written since { $since }: { $why }
doctor-archive-no-folder = it is not a folder
doctor-archive-read-only = nobody may write there
doctor-folder = folder { $path }
doctor-no-folder = it is not a folder
doctor-folder-open = others may enter it (mode { $mode })
doctor-folder-closed = only its owner may enter it
doctor-disk = disk
doctor-disk-free = { $mib } MiB free

## incident: What must not happen and did.

incident-delivery = What relay { $relay } delivered is not believed ({ $check }): { $fault }.
incident-returned = An alert of { $from } could not be opened, and was returned: { $fault }.
incident-relay-statement = What relay { $relay } stated is not signed by it.
incident-receipt = A receipt is not believed ({ $check }).
incident-receipts-missing = Receipts { $from } to { $to } of device { $device } are missing.
incident-fork = Device { $device } told two stories under one number.
incident-alerts-missing = Alerts { $from } to { $to } of device { $device } are missing: ask its contact.
incident-roster-unknown = A roster that others use stayed unknown for ten minutes; relay { $relay } brought what names it, and cannot explain it.
incident-roster = Roster documents contradict each other or do not verify: { $fault }.
incident-bundle = Sealing keys of device { $device } contradict earlier ones.
incident-rolled-back = This device's store had been rolled back.
incident-webhook-gone = The system behind webhook { $name } wants no more (410): it is told nothing until the agent is started again.
incident-apart =
    { $count ->
        [one] What { $contact } device { $device } holds of an alert differs, and stays so: telephone. { $alerts }
       *[other] What { $contact } device { $device } holds of { $count } alerts differs, and stays so: telephone. { $alerts }
    }
incident-alert-apart = { $alert } ({ $differs }; { $state })
incident-alert-lost =
    Alert { $number } of device { $device } never came and will not come: { $end ->
        [expired] it expired, and its sender holds it no more
        [cancelled] it was cancelled, and its sender holds it no more
       *[unlisted] its sender holds it no more
    }. Ask its contact what it said.
incident-alerts-forgotten = Alerts { $from } to { $to } of device { $device } never came, and that device does not know them itself: it lost its store, or it was restored from a copy. Ask its contact what they said.
incident-asked-unknown = Device { $device } misses alerts { $from } to { $to } of this device, which knows of none: was its store restored from a copy, or is somebody else using its keys?
incident-fork-told =
    { $by } shows that device { $device } of this contact told two stories under { $of ->
        [receipts] receipt
       *[alerts] alert
    } { $number }: was its store restored from a copy, or is somebody else using its keys?

incident-excluded = This device may not act any more ({ $designation }): { $subject }, by { $document } ({ $hash }) of { $at }, signed with { $signers }. `maille status` says what stays readable.
incident-excluded-for-reason = This device may not act any more ({ $designation }): { $subject }, by { $document } ({ $hash }) of { $at }, signed with { $signers }: { $reason } `maille status` says what stays readable.
incident-excluded-never-in = This device may not act ({ $designation }): no document that is kept here ever had it.
incident-not-admitted = Relay { $relay } does not admit this device, though the roster in use here (authority part { $authority }) has it: a newer roster may have taken it out, which no relay hands to a desk that is out. Ask its organisation for the newest roster, and take it with `maille device join`. Where that has newer keys of this device than a restored home, have it admitted anew.

## listen: What happens at a desk.

listen-from = from { $contact }
listen-for = for { $contact }
listen-at-relay = at relay { $name }
listen-since = since { $time }
listen-accepted = accepted { $time }
listen-ask-again = ask them to send it again
listen-renewal-waits = This device offers its next keys, and its organisation has not taken them up: have whoever holds its key run `maille device renewals` and `maille authority renew`.
listen-keys-of-others = The roster has keys for this device that it does not hold: it was restored from a backup, or somebody else has renewed them. If nobody restored it, have it suspended at once; else have the keys taken up that it offers.
listen-uncertain = (uncertain: the machine was started anew meanwhile)

## network: Networks that are made to read and to run.

network-plan-head = The network as people describe it. `maille authority apply` reads such a file.
network-network = network
network-roster = roster
network-part = part
network-part-issued = { $number }, issued { $issued }
network-renew-by = renew by
network-reach = reach
network-authority = authority
network-keys-needed = { $threshold } of { $count } keys
network-rules = rules
network-may-send = { $from } may send to { $to }
network-list = list @{ $name }: { $patterns }
network-relay = relay
network-relay-at = { $name }, of { $operator }, at { $addresses } (UDP)
network-transport = transport
network-signing = signing
network-contact = contact
network-telephone = telephone
network-device = device
network-first-subject = First alert
network-first-body = By hand.
network-anchor = anchor

## officer: Who may open a home, and who is on duty.

officer-added = { $officer } can open this home.
officer-on-duty = { $officer } is on duty.
officer-off-duty = { $officer } is off duty.
officer-passphrase-changed = { $officer } has another passphrase here. A copy of the home, or of its slots.toml, made before still opens with the old one.
officer-removed = { $officer } cannot open this home any more. A copy of it, or of its slots.toml, made before still opens with the old passphrase.

## refusal: Who does not take an alert, and why.

refusal-by-relay = NOT taken by relay { $by }: { $reason }
refusal-by-device = NOT opened by device { $by }: { $reason }
refusal-by-officer = REFUSED by { $by }: { $reason }

## send: Alerts on their way out.

send-cap-kind = The CAP file is of type { $kind }; it is sent as an alert of its own.
send-to = to { $contact }
send-deadlines = to be acknowledged by { $due } (within { $within }); ends { $ends } (after { $after })
send-answer-asked = to be answered within { $within }
send-note = note: { $note }
send-sent = sent to { $contact } through { $relays }
send-more-devices-follow = { $count } more of its devices follow when their keys appear
send-already = the same was sent before under this reference; nothing goes twice
send-left-out = not sent to { $contact }, who holds it: the roster does not let it be written to any more
send-asked = { $deputy } is asked now in the place of { $recipient }
send-not-sent = NOT SENT to { $contact }: { $why }
send-next = { $who } sends it, { $when }; { $telephones }
send-by-agent = the agent
send-by-next = the next `maille` command or agent that opens this home
send-next-attempt = next attempt from { $time }
send-when-keys-appear = as soon as its keys appear
send-no-telephone = no telephone in the roster
send-telephone = telephone { $numbers }
send-no-sealing-key = no sealing key of its devices is known yet
send-refused-by-relay = relay { $name } refused it: { $reason }
send-relay-failed = relay { $name }: { $failure }
send-relay-silent = relay { $name } has not answered yet
send-no-relay = the roster has no relay for { $organisation }
send-accepted = { $alert } is accepted for { $contacts }
send-delivered = { $alert } is delivered to { $contacts }
send-acknowledged = { $alert } is acknowledged by { $contacts }

## status: How a desk stands.

status-head = { $contact } in { $network }; { $held }; on duty: { $officer }
status-agent-holds = an agent holds the home
status-no-agent = no agent runs
status-nobody-on-duty = nobody is
status-alerts = { $unanswered } to answer, { $open } sent and open
status-overdue =
    { $count ->
        [one] OVERDUE: one that nobody acknowledged in time
       *[other] OVERDUE: { $count } that nobody acknowledged in time
    }
status-roster = roster { $number } of { $issued }, renew by { $renew_by }
status-keys-since = keys of this device in use since { $since }
status-keys-until = keys of this device in use since { $since }, valid until { $until }
status-keys-of-others = THE ROSTER HAS OTHER KEYS FOR THIS DEVICE
status-keys-offered = next keys offered on { $offered }, waiting for the organisation
status-stale = STALE
status-forked = FORKED
status-waits-for-keys = { $alert } waits for keys of { $recipient } device { $device } since { $since }
status-silent = { $contact } device { $device } is silent since { $since }
status-relay = relay { $name }: { $connection }
status-home-relay = relay { $name } (home): { $connection }
status-clock = its clock { $offset_ms } ms
status-last-error = at { $time } { $words }
status-roster-fault = ITS ROSTER: { $fault }, since { $since }
status-receipts-wait = receipts wait
status-program = program { $name } ({ $target })
status-webhook = webhook { $name } ({ $target })
status-all-told = all told
status-behind =
    { $count ->
        [one] one event behind
       *[other] { $count } events behind
    }
status-given-up = { $count } given up
status-wants-no-more = wants no more
status-archive-fails = THE ARCHIVE CANNOT BE WRITTEN: `maille archive status` says why

## track: The story of an alert that was sent.

track-head = { $urgency } { $kind } ({ $status }), sent { $sent }
track-reference = reference: { $reference }
track-recipient = { $contact }: { $state }; to be acknowledged by { $due }, ends { $ends }
track-recipient-overdue = { $contact }: { $state } - OVERDUE; to be acknowledged by { $due }, ends { $ends }
track-added-by = added by the addendum { $addendum }
track-copy = another device of this contact sent it: this is what came here
track-devices-follow = { $count } of its devices follow when their keys appear
track-proof = proof { $hash }
track-step = deputies, step { $step }
track-step-of = deputies, step { $step }: { $contact }
track-for = for { $contact }
track-clocks = Every signed piece, each by the clock of whoever signed it:
track-uncertain = the machine was started anew meanwhile: counted by a clock that may have been set
track-officer-unnamed = officer not named
track-by-relay = relay { $name }
track-by-device = { $contact } device { $device }
track-by-own-device = this contact's device { $device }
track-suggests = suggests { $contact }
track-repeats = repeats { $alert }

## term: Words of the trade that come as values.

term-kind =
    { $word ->
        [alert] alert
        [reply] reply
        [update] update
        [cancel] cancel
        [addendum] addendum
        [heartbeat] heartbeat
        [reconciliation] reconciliation
       *[unlisted] { $word }
    }

term-status =
    { $word ->
        [actual] actual
        [exercise] exercise
        [test] test
       *[unlisted] { $word }
    }

term-urgency =
    { $word ->
        [immediate] immediate
        [expected] expected
        [future] future
        [past] past
        [unknown] unknown
       *[unlisted] { $word }
    }

term-stage =
    { $word ->
        [delivered] delivered
        [complete] complete
        [read] read
        [acknowledged] acknowledged
        [refused] refused
        [returned] returned
       *[unlisted] { $word }
    }

term-outcome =
    { $word ->
        [acknowledged] acknowledged
        [refused] refused
        [delivered] delivered, not answered
        [returned] could not open it
        [silent] silent
        [unreachable] unreachable
       *[unlisted] { $word }
    }

term-unreachable =
    { $word ->
        [not-designated] not designated
        [no-rule] no rule lets this desk write to it
        [two-persons-required] a rule asks for two persons
        [no-device] no device in the roster
        [no-keys] no sealing key of its devices was known
        [not-sent] no relay has answered for it
       *[unlisted] { $word }
    }

term-actor =
    { $word ->
        [officer] an officer
        [system] a program
       *[unlisted] { $word }
    }

term-state =
    { $word ->
        [open] open
        [expired] expired
        [cancelled] cancelled
        [refused] refused
        [acknowledged] acknowledged
       *[unlisted] { $word }
    }

term-reason =
    { $word ->
        [none] none
        [not-ours] not-ours
        [duplicate] duplicate
        [cannot-open] cannot-open
        [no-legal-basis] no-legal-basis
        [handling] handling
        [other] other
        [key-gone] key-gone
        [version-unknown] version-unknown
        [wrap-broken] wrap-broken
        [body-broken] body-broken
        [content-malformed] content-malformed
        [critical-extension] critical-extension
        [reference-unknown] reference-unknown
        [store-full] store-full
        [not-allowed] not-allowed
        [unknown-contact] unknown-contact
        [no-rule] no-rule
        [not-collected-here] not-collected-here
        [no-device] no-device
        [suspended] suspended
        [sender-quota] sender-quota
        [mailbox-full] mailbox-full
        [disk-low] disk-low
        [device-not-of-contact] device-not-of-contact
        [two-persons-required] two-persons-required
        [blob-missing] blob-missing
        [not-valid] not-valid
       *[unlisted] { $word }
    }

# What to do about a refusal.
term-next =
    { $word ->
        [none] none
        [not-ours] Send it to whose business it is; the note may say who.
        [duplicate] Nothing, if it is the same matter; the note says which alert it repeats.
        [cannot-open] Telephone, and send it in a form that can be read there.
        [no-legal-basis] Ask what their law allows, and send what it does.
        [handling] Send it again with handling conditions that can be kept there.
        [other] Read the note, and telephone.
        [key-gone] Nothing: it goes there again as soon as another key is known.
        [version-unknown] Telephone: that device reads an older form, and has to be brought up to date.
        [wrap-broken] Telephone, and send it again as a new alert.
        [body-broken] Telephone, and send it again as a new alert.
        [content-malformed] Telephone, and send it again as a new alert.
        [critical-extension] Telephone: that device does not know a part of it, and has to be brought up to date.
        [reference-unknown] Send what it refers to first.
        [store-full] Telephone: there is no room at that device.
        [not-allowed] Ask the authority for a rule, or telephone.
        [unknown-contact] Look the address up with `maille contacts`; it is tried again, for a newer roster may be on its way.
        [no-rule] Ask the authority for a rule; it is tried again, in case there is one.
        [not-collected-here] Nothing: it goes to the relays where that contact collects.
        [no-device] Telephone: no device there has keys yet. It follows as soon as one has.
        [suspended] Telephone, or send it to somebody else: that contact is suspended.
        [sender-quota] It is tried again; ask the relay's operator for more room.
        [mailbox-full] Telephone: nobody collects there. It is tried again.
        [disk-low] It is tried again; tell the relay's operator.
        [device-not-of-contact] Nothing: a device left while it was under way, and it goes to the others anew.
        [two-persons-required] Telephone: by a new rule it needs a second person's signature.
        [blob-missing] Nothing: its attachments are brought, and it is tried again.
        [not-valid] Send it to somebody else: the designation of that contact has ended, or has not begun.
       *[unlisted] { $word }
    }

term-notice =
    { $word ->
        [released] released
        [overdue] overdue
        [unseen] unseen
        [tombstone] tombstone
        [passed-over] passed over
       *[unlisted] { $word }
    }

term-standing =
    { $word ->
        [member] member
        [observer] observer
       *[unlisted] { $word }
    }

term-designation =
    { $word ->
        [valid] valid
        [not-yet] not-yet
        [ended] ended
        [suspended] suspended
        [unknown] unknown
       *[unlisted] { $word }
    }

term-event =
    { $word ->
        [sent] sent
        [accepted] accepted
        [refused-by-relay] refused-by-relay
        [arrived] arrived
        [receipt] receipt
        [state] state
        [overdue] overdue
        [notice] notice
        [acted] acted
        [incident] incident
        [new-incarnation] new-incarnation
        [roster] roster
        [asked-as-deputy] asked-as-deputy
        [unanswered] unanswered
        [silent] silent
        [heard-again] heard-again
        [acted-elsewhere] acted-elsewhere
        [expired-unseen] expired-unseen
        [reconciled] reconciled
        [gap-filled] missing no more
        [gap-ended] missing, and answered elsewhere
        [sent-again] missing there, and sent again
        [archive-failing] THE ARCHIVE CANNOT BE WRITTEN
        [archive-working] the archive is written again
        [ends] ends
        [renewal-waits] the next keys wait
        [keys-of-others] THE ROSTER HAS OTHER KEYS
       *[unlisted] { $word }
    }

term-severity =
    { $word ->
        [extreme] extreme
        [severe] severe
        [moderate] moderate
        [minor] minor
        [unknown] unknown
       *[unlisted] { $word }
    }

term-certainty =
    { $word ->
        [observed] observed
        [likely] likely
        [possible] possible
        [unlikely] unlikely
        [unknown] unknown
       *[unlisted] { $word }
    }

term-category =
    { $word ->
        [geo] geo
        [met] met
        [safety] safety
        [security] security
        [rescue] rescue
        [fire] fire
        [health] health
        [env] env
        [transport] transport
        [infra] infra
        [cbrne] cbrne
        [other] other
       *[unlisted] { $word }
    }

term-response =
    { $word ->
        [shelter] shelter
        [evacuate] evacuate
        [prepare] prepare
        [execute] execute
        [avoid] avoid
        [monitor] monitor
        [assess] assess
        [all-clear] all-clear
        [none] none
       *[unlisted] { $word }
    }

term-part-role =
    { $word ->
        [text] text
        [payload] payload
        [attachment] attachment
       *[unlisted] { $word }
    }

term-connection =
    { $word ->
        [idle] idle
        [connecting] connecting
        [connected] connected
        [waiting] waiting
       *[unlisted] { $word }
    }

term-moment =
    { $word ->
        [sent] sent
        [updated] updated
        [cancelled] cancelled
        [accepted] accepted
        [refused-by-relay] refused-by-relay
        [delivered] delivered
        [complete] complete
        [read] read
        [acknowledged] acknowledged
        [refused] refused
        [returned] returned
        [expired] expired
        [released] released
        [overdue] overdue
        [unseen] unseen
        [tombstone] tombstone
        [passed-over] passed over
       *[unlisted] { $word }
    }

term-roster-fault =
    { $word ->
        [frozen] it goes on with an old one, though it took a newer one
        [forked] it contradicts the one in use here
        [refused] it refuses the one in use here
        [unexplained] it cannot explain one that others use
       *[unlisted] { $word }
    }

term-reach =
    { $word ->
        [anywhere] anywhere
        [loopback] loopback
       *[unlisted] { $word }
    }

term-differs =
    { $word ->
        [missing-here] missing here
        [missing-there] missing there
        [statements] what was signed about it differs
       *[unlisted] { $word }
    }

term-round-end =
    { $word ->
        [same] the same on both sides
        [mended] differed, and was mended
        [apart] DIFFERS
        [unanswered] not answered
        [under-way] asked, no answer yet
       *[unlisted] { $word }
    }

## ledger: What is open, and what happens next.

ledger-open = { $total } open, { $overdue } of them OVERDUE; on duty: { $officer }
ledger-head = { $urgency } { $kind }: { $subject }
ledger-we-owe = we owe { $contact } an acknowledgement by { $due }; received { $since }, { $stage }
ledger-we-owe-overdue = OVERDUE since { $due }: we owe { $contact } an acknowledgement; received { $since }, { $stage }
ledger-they-owe = { $contact } owes us an acknowledgement by { $due }; sent { $since }, { $stage }
ledger-they-owe-overdue = OVERDUE since { $due }: { $contact } owes us an acknowledgement; sent { $since }, { $stage }
ledger-we-owe-answer = we owe { $contact } an answer by { $due }; received { $since }, acknowledged
ledger-we-owe-answer-overdue = UNANSWERED since { $due }: we owe { $contact } an answer; received { $since }, acknowledged
ledger-they-owe-answer = { $contact } owes us an answer by { $due }; sent { $since }, acknowledged
ledger-they-owe-answer-overdue = UNANSWERED since { $due }: { $contact } owes us an answer; sent { $since }, acknowledged
ledger-only-a-program = a program of { $contact } acknowledged, and no officer there; sent { $since }
ledger-in-place-of = we were asked in the place of { $contact }
ledger-not-delivered = NOT delivered
ledger-call = call { $contact }: { $numbers }
ledger-call-in = call { $contact }: { $numbers }; spoken there: { $languages }
ledger-no-telephone = no telephone of { $contact } is known
ledger-taken = { $stage } by { $who }, { $time }
ledger-taken-at = { $stage } by { $who } at { $contact }, device { $device }, { $time }
ledger-no-name = nobody who was named
ledger-next = next, { $time }: { $what }
ledger-nothing-comes = nothing falls due any more; only an answer ends it
ledger-becomes-overdue = overdue, unless { $contact } acknowledges before
ledger-becomes-unanswered = unanswered, unless { $contact } writes back before
ledger-asks-deputy = { $contact } is asked in the place of { $principal }, step { $step }
ledger-ends = it ends, and { $contact } signs that it expired
ledger-needs-wrap = device { $device } lost its sealing key, and gets it anew as soon as another is known
ledger-more = { $count } more with --skip { $skip }.

## handover: What one officer leaves to the next.

handover-head = HANDOVER at { $contact }, { $time }
handover-on-duty-since = on duty: { $officer }, since { $since }
handover-on-duty = on duty: { $officer }
handover-nobody-on-duty = on duty: nobody
handover-open = OPEN
handover-nothing-open = Nothing is open.
handover-left = { $count } more are open; maille ledger lists them all.
handover-promised = TAKEN ON in the last seven days, and not written back about
handover-nothing-promised = Nothing.
handover-promises-left = { $count } older ones are left out.
handover-from = from { $contact }, received { $received }
handover-falls-due = FALLS DUE until { $until }
handover-nothing-falls-due = Nothing.
handover-sign-in = Whoever takes over signs in with maille officer in NAME; from then on the list is theirs.
handover-hands = handed over: ____________________   taken over: ____________________

## drill: Drills, and whom they reached.

drill-begun =
    { $count ->
        [one] EXERCISE: a drill goes to one contact, marked as such in what is signed.
       *[other] EXERCISE: a drill goes to { $count } contacts, marked as such in what is signed.
    }
drill-not-sent-yet = No relay has it for { $count } of them yet.
drill-left-out = left out: { $contact }, { $why }
drill-show-it = Whom it reached: maille drill show { $short }
drill-head =
    { $count ->
        [one] { $status } for one contact, sent { $sent }
       *[other] { $status } for { $count } contacts, sent { $sent }
    }
drill-clocks = Times count from the sending, by the sender's clock, to each device's own.
drill-reached = { $count } reached
drill-acknowledged = { $count } acknowledged
drill-by-deputy = { $count } of them by a deputy
drill-delivered = { $count } delivered and not answered
drill-refused = { $count } refused
drill-silent = { $count } silent
drill-returned = { $count } could not open it
drill-unreachable = { $count } unreachable
drill-delivered-after = delivered { $after }
drill-acknowledged-after = acknowledged { $after }
drill-before = before
drill-refused-by-relay = refused by its relay: { $reason }
drill-by-device = { $actor }, device { $device }
drill-by-deputy-of = { $actor } of { $contact }, deputy of step { $step }, device { $device }
drill-steps-asked =
    { $count ->
        [one] one deputy asked
       *[other] { $count } deputies asked
    }
drill-call = call { $numbers }
drill-call-in = call { $numbers }; spoken there: { $languages }
drill-no-telephone = no telephone in the roster

## reconcile: What two desks hold of the alerts between them.

reconcile-device = { $contact } device { $device }: { $end }
reconcile-day = { $day }: { $sent } sent, { $received_there } received there; { $received } received, { $sent_there } sent there
reconcile-exchanged = { $given } statements given, { $taken } taken
reconcile-sent-again = sent again: { $alerts }
reconcile-sent-again-there = sent again from there: { $alerts }
reconcile-apart = STAYS DIFFERENT: { $alert }: { $differs }; { $state }

## ending: What ends soon, and who can do something about it.

ending-authority = the roster { $when }: the holders of the authority's keys write its next part
ending-annex = the annex of { $organisation } { $when }: { $organisation } writes the next one
ending-contact = the designation of { $contact } { $when }: { $organisation } prolongs it
ending-device = the keys of { $contact } device { $device } { $when }: { $organisation } takes up others, with `maille device renewals` and `maille authority renew`
ending-sealing-keys = the newest sealing key known of { $contact } device { $device } { $when }: somebody has to switch it on
ending-ends-in =
    { $count ->
        [one] ends { $at }, within one day
       *[other] ends { $at }, in { $count } days
    }
ending-ended = HAS ENDED, { $at }

## excluded: Why a desk may not act any more, and what stays readable there.

excluded-removed = THIS DESK IS OUT: { $subject } was taken out by { $document } ({ $hash }) of { $issued }, signed with { $signers }.
excluded-ended = THIS DESK IS OUT: the designation of { $subject } ended at { $end }, by { $document } ({ $hash }) of { $issued }, signed with { $signers }.
excluded-suspended = THIS DESK IS OUT: { $document } ({ $hash }) of { $issued }, signed with { $signers }: { $reason }
excluded-never-in = THIS DESK IS NOT IN: the roster in use does not have this device, and no document that is kept here ever had it.
excluded-not-admitted = THIS DESK IS NOT LET IN by { $relays }, though the roster in use here (authority part { $authority }, annex { $annex } of `{ $organisation }`) has it: either a newer roster took it out or suspended it, which no relay hands to a desk that is out, or the relay has not yet the roster that admits it.
excluded-nothing-passes = Nothing comes or goes any more.
excluded-nothing-goes = What was accepted for it before still comes; nothing new is sealed to it, and nothing that it sends is taken.
excluded-readable = What came and went before stays readable here: `maille inbox --all`, `maille track`, `maille export`.
excluded-readable-for =
    { $count ->
        [one] What came and went before stays readable here until a day after it came: `maille inbox --all`, `maille track`, `maille export`.
       *[other] What came and went before stays readable here until { $count } days after it came: `maille inbox --all`, `maille track`, `maille export`.
    }
excluded-ask-organisation = Ask `{ $organisation }` by telephone why; it can bring this desk back with a newer roster, to be taken with `maille device join`.
excluded-ask-authority = Ask the holders of the authority's keys by telephone why; they can bring this desk back with a newer roster, to be taken with `maille device join`.
excluded-ask-for-roster = Ask `{ $organisation }` by telephone for the newest roster as a file, and take it with `maille device join`: it says which document took this desk out, and on whose signatures.

## export: An alert leaves as evidence.

export-written = { $path } ({ $bytes } bytes)
export-reveals = It reveals the words of the alert, and who acted, to whoever has the file.
export-discloses = It holds the whole roster, with every contact's telephones. Whoever has the anchor can prove it with `maille verify`.

## verify: What an export proves.

verify-proven = Verified from the anchor of { $network }, by roster { $number }, { $roster }.
verify-exported-by = Exported by { $contact } device { $device }, { $time }.
verify-id = id: { $id }
verify-from = from: { $contact } device { $device }, signed
verify-second-signer = signed as second person by device { $device }
verify-deadlines = to be acknowledged within { $within }, ends after { $after }
verify-sealed = content: sealed, not revealed; { $bytes } bytes, hash { $hash }
verify-revealed = content: revealed below, as sealed in { $bytes } bytes, hash { $hash }
verify-attachment = attachment { $id }, sealed, { $bytes } bytes
verify-addendum = addendum { $id } of device { $device }, { $time }
verify-cancel = CANCELLED by { $id } of device { $device }, { $time }
verify-addressed = to device { $device }
verify-addressed-after = to device { $device }, as deputy of step { $step }
verify-others-unknown = which other devices it was sent to is not shown
verify-by-deputy = { $contact } device { $device }, as deputy
verify-by-sender = the sender's device { $device }
verify-noted = name and words are sealed to the sender
verify-later-roster = judged by a later roster than it names
verify-not-counted = NOT COUNTED: its device was under a suspension then, or its key had ended long before the alert, which was known only later
verify-copies = the sender's other devices
verify-part = part { $number }: { $what }, { $media_type }, { $bytes } bytes, SHA-256 { $sha256 }
verify-limits = Each time is what its signer's clock said. Whoever exported the file may have left statements out; nobody else can.
