//! Sizes on the command line: `4194304`, `64K`, `16MiB`.

/// Reads a number of bytes; for clap.
pub(crate) fn parse(given: &str) -> Result<usize, String> {
    let digits = given
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(given.len());
    let (number, unit) = given.split_at(digits);
    let shift = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => Some(0),
        "k" | "kib" => Some(10),
        "m" | "mib" => Some(20),
        "g" | "gib" => Some(30),
        _ => None,
    };
    let wrong = || format!("expected a number of bytes such as 65536, 64K or 16M, found {given:?}");
    let number: usize = number.parse().map_err(|_| wrong())?;
    let bytes = number
        .checked_mul(1 << shift.ok_or_else(wrong)?)
        .ok_or_else(wrong)?;
    // A message's length travels in 32 bits.
    if u32::try_from(bytes).is_ok() {
        Ok(bytes)
    } else {
        Err(format!(
            "{given} is more than a gRPC message can have, {} bytes",
            u32::MAX
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sizes() {
        let check = |given: &str, expected: Option<usize>| {
            assert_eq!(parse(given).ok(), expected, "{given}");
        };
        check("0", Some(0));
        check("4194304", Some(4 << 20));
        check("64k", Some(64 << 10));
        check("64K", Some(64 << 10));
        check("16MiB", Some(16 << 20));
        check("3g", Some(3 << 30));
        check("4G", None);
        check("M", None);
        check("1.5M", None);
        check("-1", None);
        check("99999999999999999999", None);
        check("", None);
    }
}
