//! What is said around faults and questions.

sentences! {
    "output":
    Error { sentence: text };
    Hint { hint: text };
    TypeYes;
}
