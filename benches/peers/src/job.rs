//! What a program is asked to do, as its command line says it: `--name value` pairs.
//!
//! Settings of a client are given as `--set key=value`, in Java's names (librdkafka's for rdkafka).

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

/// When records are sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// As fast as the client takes them.
    Full,
    /// So many a second; the next one waits until the last one is acknowledged.
    OneByOne(u64),
    /// So many a second, whatever becomes of them.
    Open(u64),
}

/// One run.
#[derive(Debug)]
pub struct Job {
    /// Which of the client's interfaces.
    pub api: String,
    /// `host:port,..`
    pub bootstrap: String,
    /// The topic to write or read.
    pub topic: String,
    /// How many partitions it has.
    pub partitions: i32,
    /// How many records to write, or how many are there to be read.
    pub records: u64,
    /// How many records are sent before latency counts.
    pub warmup: u64,
    /// When to send them.
    pub pace: Pace,
    /// The values, taken in turn; none for a consumer.
    pub values: Vec<&'static [u8]>,
    /// The client's settings.
    pub settings: BTreeMap<String, String>,
}

impl Job {
    /// Reads the command line and the file of values.
    ///
    /// # Errors
    /// When something is missing or makes no sense.
    pub fn from_args() -> Result<Self, String> {
        let mut words: BTreeMap<String, String> = BTreeMap::new();
        let mut settings = BTreeMap::new();
        let mut args = std::env::args().skip(1);
        while let Some(name) = args.next() {
            let value = args.next().ok_or_else(|| format!("{name} has no value"))?;
            if name == "--set" {
                let (key, value) = value.split_once('=').ok_or("--set wants key=value")?;
                settings.insert(key.to_owned(), value.to_owned());
            } else {
                words.insert(name.trim_start_matches('-').to_owned(), value);
            }
        }
        let rate = number(&words, "rate", 0)?;
        let job = Self {
            api: text(&words, "api")?,
            bootstrap: text(&words, "bootstrap")?,
            topic: text(&words, "topic")?,
            partitions: number(&words, "partitions", 1)?,
            records: number(&words, "records", 0)?,
            warmup: number(&words, "warmup", 0)?,
            pace: match words.get("pace").map_or("full", String::as_str) {
                "full" => Pace::Full,
                "one-by-one" if rate > 0 => Pace::OneByOne(rate),
                "open" if rate > 0 => Pace::Open(rate),
                other => return Err(format!("no pace {other:?} at {rate} records/s")),
            },
            values: match words.get("payload") {
                Some(file) => values(file, number(&words, "size", 0)?)?,
                None => Vec::new(),
            },
            settings,
        };
        if job.records == 0 {
            return Err("--records is missing".to_owned());
        }
        Ok(job)
    }

    /// Takes a setting out, for clients that are built by functions and not by names.
    ///
    /// # Errors
    /// When it is not of this type.
    pub fn take<T: FromStr>(&mut self, key: &str) -> Result<Option<T>, String> {
        let Some(value) = self.settings.remove(key) else {
            return Ok(None);
        };
        let parsed = value.parse();
        parsed
            .map(Some)
            .map_err(|_| format!("{key} cannot be {value:?}"))
    }

    /// Refuses what no `take` has taken.
    ///
    /// # Errors
    /// When something is left.
    pub fn nothing_left(&self) -> Result<(), String> {
        match self.settings.keys().next() {
            Some(key) => Err(format!("this program does not know the setting {key}")),
            None => Ok(()),
        }
    }

    /// The value of the `n`th record.
    #[must_use]
    pub fn value(&self, n: u64) -> &'static [u8] {
        let count = u64::try_from(self.values.len()).unwrap_or(1).max(1);
        let at = usize::try_from(n % count).unwrap_or(0);
        self.values.get(at).copied().unwrap_or_default()
    }
}

fn text(words: &BTreeMap<String, String>, name: &str) -> Result<String, String> {
    words
        .get(name)
        .cloned()
        .ok_or_else(|| format!("--{name} is missing"))
}

fn number<T>(words: &BTreeMap<String, String>, name: &str, default: T) -> Result<T, String>
where
    T: FromStr<Err: Display>,
{
    words.get(name).map_or(Ok(default), |value| {
        value
            .parse()
            .map_err(|error| format!("--{name} {value}: {error}"))
    })
}

/// The lines of a file, all of one size. They live as long as the program, so that a client that
/// can take bytes without copying them does.
fn values(file: &str, size: usize) -> Result<Vec<&'static [u8]>, String> {
    let bytes: &'static [u8] = std::fs::read(file)
        .map_err(|error| format!("cannot read {file}: {error}"))?
        .leak();
    let values: Vec<_> = bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .collect();
    if values.is_empty() || values.iter().any(|value| value.len() != size) {
        return Err(format!("{file} has no lines of {size} bytes"));
    }
    Ok(values)
}
