//! Words of the trade in JSON: what shows itself as a word is written and read as that word.

/// One word: an urgency, a time, a span, an address.
pub(crate) mod word {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<T: Display, S: Serializer>(
        value: &T,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// One word, or `null`. A field that may be left out takes `#[serde(default)]` besides.
pub(crate) mod maybe {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<T: Display, S: Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.collect_str(value),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        let text = Option::<String>::deserialize(deserializer)?;
        let parsed = text.map(|text| text.parse()).transpose();
        parsed.map_err(serde::de::Error::custom)
    }
}

/// A passphrase. It goes to the process that holds the home, over a socket of its owner alone.
pub(crate) mod secret {
    use maille_client::home::Passphrase;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        passphrase: &Passphrase,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(passphrase.expose())
    }

    pub(crate) fn deserialize<'de, D>(deserializer: D) -> Result<Passphrase, D::Error>
    where
        D: Deserializer<'de>,
    {
        // The text moves; it is not copied.
        String::deserialize(deserializer).map(Passphrase::new)
    }
}
