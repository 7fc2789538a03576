//! Whole-number arithmetic: no proto, no RPC.

/// Why two numbers have no quotient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoQuotient {
    /// The divisor is zero.
    DivisorZero,
    /// The smallest number divided by -1.
    TooLarge,
}

/// The product, where it fits.
pub(crate) fn multiply(a: i64, b: i64) -> Option<i64> {
    a.checked_mul(b)
}

/// The quotient, rounded toward zero, and the remainder, with the sign of `a`.
pub(crate) fn divide(a: i64, b: i64) -> Result<(i64, i64), NoQuotient> {
    if b == 0 {
        return Err(NoQuotient::DivisorZero);
    }
    a.checked_div(b)
        .zip(a.checked_rem(b))
        .ok_or(NoQuotient::TooLarge)
}

/// Numbers as they come, added up.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Total {
    pub(crate) sum: i64,
    pub(crate) count: u64,
}

impl Total {
    /// The total with one more number, where it fits.
    pub(crate) fn plus(self, number: i64) -> Option<Self> {
        Some(Self {
            sum: self.sum.checked_add(number)?,
            count: self.count.checked_add(1)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn divides_as_the_hardware_does() {
        let check = |a, b, expected| assert_eq!(divide(a, b), expected, "{a} / {b}");
        check(17, 8, Ok((2, 1)));
        check(-17, 8, Ok((-2, -1)));
        check(17, -8, Ok((-2, 1)));
        check(0, 5, Ok((0, 0)));
        check(1, 0, Err(NoQuotient::DivisorZero));
        check(i64::MIN, -1, Err(NoQuotient::TooLarge));
    }

    #[test]
    fn what_does_not_fit_is_none() {
        assert_eq!(multiply(17, 8), Some(136));
        assert_eq!(multiply(i64::MAX, 2), None);
        assert_eq!(
            Total { sum: 2, count: 1 }.plus(3),
            Some(Total { sum: 5, count: 2 })
        );
        assert_eq!(
            Total {
                sum: i64::MAX,
                count: 1
            }
            .plus(1),
            None
        );
    }
}
