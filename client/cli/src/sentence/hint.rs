//! What to do.

sentences! {
    "hint":
    AnswerYes;
    NameHome;
    PassProposalOn;
    UpdateRoster;
    PublishOrganisation;
    TelephoneForCode;
    DescribeContact;
    JoinRoster;
    ListContacts;
    CheckWords;
    OtherReference;
    AttachFile;
    CheckAttach;
    CheckCap;
    GoOnDuty;
    TypeMore;
    FindIds;
    AttachmentComes;
    CheckSave;
    TrackAlert;
    OtherOfficer;
    RestartAgent;
    Questions { names: text };
    QuestionFields;
    ShorterHome;
    CheckKeyFileOrMake;
    CheckPassphraseFile;
    NameOfficer;
    CheckOfficer;
    CheckPassphrasePath;
    UseTerminal;
    GiveRosterAndAnchor;
    CheckRosterAndAnchor;
    PublishFirst;
}
