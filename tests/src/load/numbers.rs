//! Several numbers in one argument: `1,16,64`.

use std::num::ParseIntError;
use std::str::FromStr;

/// The numbers, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Numbers(pub(super) Vec<usize>);

impl FromStr for Numbers {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers = text.split(',').map(str::parse);
        numbers.collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_between_commas_and_nothing_else_does() {
        assert_eq!("1,16".parse(), Ok(Numbers(vec![1, 16])));
        assert!("1,,2".parse::<Numbers>().is_err() && "".parse::<Numbers>().is_err());
    }
}
