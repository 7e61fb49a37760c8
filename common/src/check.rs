//! The checks of PROTOCOL.md by their numbers, as the code that decides names them.
//!
//! Tests take one of them out and have to fail: a check that nobody would miss protects nobody.
//! Only programs that are built for tests can do so; in every other one a check that stands is the
//! constant `true`.

/// Declares the checks.
macro_rules! checks {
    ($($name:ident)+) => {
        /// A numbered check or rule of PROTOCOL.md, which says what it asks.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "PROTOCOL.md describes each under its number")]
        pub enum Check {
            $($name,)+
        }

        impl Check {
            /// All of them, in the order of the document.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Its number, as the document writes it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }
        }
    };
}

checks! {
    R1 R2 R3 R4 R5 R6 R7 R8 R9 R10 R11 R12
    K1 K2 K3 K4 K5
    E1 E2 E3 E4 E5 E6 E7 E8 E9 E10 E11 E12 E13 E14 E15 E16 E17 E18 E19 E20
    A1 A2 A3
    G1 G2 G3 G4 G5 G6 G7 G8 G9 G10
    Q1 Q2 Q3 Q4 Q5 Q6
    V1 V2 V3 V4 V5 V6 V7 V8
    X1 X2 X3 X4 X5 X6 X7
    O1 O2 O3 O4 O5 O6 O7 O8 O9 O10 O11 O12 O13 O14
    C1 C2 C3 C4 C5 C6 C7 C8 C9 C10
    W1 W2 W3
    T1 T2
}

impl Check {
    /// Whether the check is made: always, but where a test has taken it out.
    #[cfg(not(any(test, feature = "suspended-checks")))]
    #[inline]
    pub const fn stands(self) -> bool {
        true
    }

    /// Whether the check is made: always, but where a test has taken it out.
    #[cfg(any(test, feature = "suspended-checks"))]
    pub fn stands(self) -> bool {
        switch::suspended() != Some(self)
    }

    /// Whether the check refuses what has this fault.
    #[inline]
    pub fn refuses(self, fault: bool) -> bool {
        fault && self.stands()
    }

    /// Whether what the check asks for holds.
    #[inline]
    pub fn holds(self, asked: bool) -> bool {
        asked || !self.stands()
    }

    /// What the check found.
    #[inline]
    pub fn found<E>(self, judged: Result<(), E>) -> Result<(), E> {
        if self.stands() { judged } else { Ok(()) }
    }
}

/// The switch of the tests: which check a process is without. Read once, so that no check comes and
/// goes within one life of a program.
#[cfg(any(test, feature = "suspended-checks"))]
mod switch {
    use std::sync::LazyLock;

    use super::Check;

    /// The variable of the environment that holds the number.
    const VARIABLE: &str = "MAILLE_SUSPENDED_CHECK";

    static SUSPENDED: LazyLock<Option<Check>> = LazyLock::new(|| {
        let number = std::env::var(VARIABLE).ok()?;
        let named = Check::ALL.iter().find(|check| check.as_str() == number);
        let check = named.unwrap_or_else(|| panic!("{VARIABLE}: there is no check `{number}`"));
        Some(*check)
    });

    pub(super) fn suspended() -> Option<Check> {
        *SUSPENDED
    }
}
