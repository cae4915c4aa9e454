//! The values of `-o`: where to start, and with `e@` where to stop.

/// One `-o`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum OffsetArg {
    /// Where to start.
    Start(Start),
    /// `e@MS`: stop before the first record of that time, in milliseconds since 1970.
    StopAt(i64),
}

/// Where each partition starts.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Start {
    /// At the oldest record there is.
    #[default]
    Beginning,
    /// After the newest record.
    End,
    /// At the group's committed offset.
    Stored,
    /// At this offset.
    Offset(i64),
    /// This many records before the end.
    Last(u64),
    /// `s@MS`: at the first record of that time or later, in milliseconds since 1970.
    Time(i64),
}

impl OffsetArg {
    /// Reads the value of `-o`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            "not one of beginning, end, stored, N, -N, s@MS, e@MS (MS: milliseconds since 1970)"
                .to_owned()
        };
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let number = text.parse::<i64>().ok().filter(|_| digits);
            number.ok_or_else(wrong)
        };
        let start = match text {
            "beginning" => Start::Beginning,
            "end" => Start::End,
            "stored" => Start::Stored,
            _ => match (text.split_once('@'), text.strip_prefix('-')) {
                (Some(("e", time)), _) => return number(time).map(Self::StopAt),
                (Some(("s", time)), _) => Start::Time(number(time)?),
                (_, Some(last)) => Start::Last(number(last)?.unsigned_abs()),
                _ => Start::Offset(number(text)?),
            },
        };
        Ok(Self::Start(start))
    }
}

/// Where to start and where to stop, from all the `-o` of a command line.
///
/// # Errors
/// When one of them is given twice.
pub(crate) fn range(args: &[OffsetArg]) -> Result<(Start, Option<i64>), String> {
    let (mut start, mut stop) = (None, None);
    for arg in args {
        let before = match arg {
            OffsetArg::Start(value) => start.replace(*value).is_some(),
            OffsetArg::StopAt(time) => stop.replace(*time).is_some(),
        };
        if before {
            return Err("-o is given twice; only a start and an e@MS go together".to_owned());
        }
    }
    Ok((start.unwrap_or_default(), stop))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(text: &str) -> Start {
        match OffsetArg::parse(text) {
            Ok(OffsetArg::Start(start)) => start,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn every_form_is_understood() {
        assert_eq!(start("beginning"), Start::Beginning);
        assert_eq!(start("end"), Start::End);
        assert_eq!(start("stored"), Start::Stored);
        assert_eq!(start("0"), Start::Offset(0));
        assert_eq!(start("9223372036854775807"), Start::Offset(i64::MAX));
        assert_eq!(start("-7"), Start::Last(7));
        assert_eq!(start("s@1700000000000"), Start::Time(1_700_000_000_000));
        assert_eq!(OffsetArg::parse("e@5"), Ok(OffsetArg::StopAt(5)));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "-",
            "+5",
            "--5",
            "1.5",
            "5 ",
            "Beginning",
            "s@",
            "e@-1",
            "x@5",
            "s@now",
            "9223372036854775808",
            "earliest",
        ] {
            assert!(OffsetArg::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_start_and_a_stop_go_together_and_two_starts_do_not() {
        let parse = |text| OffsetArg::parse(text).unwrap();
        assert_eq!(range(&[]), Ok((Start::Beginning, None)));
        assert_eq!(range(&[parse("e@9")]), Ok((Start::Beginning, Some(9))));
        assert_eq!(
            range(&[parse("e@9"), parse("-1")]),
            Ok((Start::Last(1), Some(9)))
        );
        assert!(range(&[parse("1"), parse("end")]).is_err());
        assert!(range(&[parse("e@1"), parse("e@2")]).is_err());
    }
}
