//! The archive of a desk.

sentences! {
    "archive":
    Key;
    KeepKey { private: text, public: text };
    Begun;
    NoArchive;
    Stopped;
    Stands { records: count, folder: text };
    Newest { chain: text, last: text };
    Behind { count: count };
    AttachmentsWait { count: count };
    LeftOut { count: count };
    Failing { time: text, why: text };
    Purged;
    AttachmentsNotHere { count: count };
    Chain { records: count, chain: text, last: text };
    Faulty { path: text, why: text };
    NotOurs { path: text };
    CompareNewest;
}
