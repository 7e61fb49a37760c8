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

## hint: What to do.

hint-answer-yes = Answer `yes`, or give --yes where nobody can be asked.
hint-name-home = Name it with --home DIR, or set MAILLE_HOME.
hint-pass-proposal-on = Pass the file on; `maille authority status` tells for whom it waits.
hint-update-roster = Bring the folder of --roster up to date, or make the proposal again on it.
hint-publish-organisation = Publish the authority part that brings the organisation first.
hint-telephone-for-code = Telephone the contact again, and give what they read out with --code.
hint-describe-contact = Describe the contact in a file, and bring it in by `maille authority apply`.
hint-join-roster = Take the network's roster with `maille device join`.
hint-list-contacts = `maille contacts` lists everybody; check what was given with --to.
hint-check-words = Check --subject, --body and --handling.
hint-other-reference = Give another --reference, or send exactly what was sent before.
hint-attach-file = Give the file with --attach.
hint-check-attach = Check --attach; nothing was sent.
hint-check-cap = Check --cap; nothing was sent.
hint-go-on-duty = Go on duty with `maille officer in NAME`.
hint-type-more = Type more of the ID you mean.
hint-find-ids = Ids stand in `maille inbox --all` and in what `maille send` printed.
hint-attachment-comes = It goes on coming by itself while an agent or `maille listen` runs.
hint-check-save = Check --save.
hint-track-alert = `maille track ID` tells where it stands with each recipient.
hint-other-officer = Leave --officer out, or stop the agent and go on duty first.
hint-restart-agent = Look whether it still runs, and is of this version; start it again.
hint-questions = POST to /v1/ and one of: { $names }.
hint-question-fields = docs/commands.md shows the fields of every question.
hint-shorter-home = A socket's path is short, about 100 bytes: choose a shorter --home.
hint-check-key-file-or-make = Check --key-file; `maille authority key new` makes one.
hint-check-passphrase-file = Check --passphrase-file.
hint-name-officer = Name who opens it with --officer, or sign in with `maille officer in`.
hint-check-officer = Check --home, --officer and --passphrase-file.
hint-check-passphrase-path = Check the path given with the passphrase flag.
hint-use-terminal = Run the command at a terminal, or give --passphrase-file FILE.
hint-give-roster-and-anchor = Give the folder with --roster and the anchor with --anchor.
hint-check-roster-and-anchor = Check --roster and --anchor.
hint-publish-first = Check --roster, or publish authority part 1 first.

## output: What is said around faults and questions.

output-error = error: { $sentence }
output-hint = hint: { $hint }
output-type-yes = Type yes:

## home: Homes, and what opens them.

home-passphrase-of = Passphrase of { $whose }:
home-new-passphrase-of = New passphrase of { $whose }:
home-once-more = Once more:
