//! What a member was told and handed out: a line each, written before anything else happens, so
//! that a SIGKILL takes nothing of it.
//!
//! `MICROSECONDS WORD GENERATION REST..`: the time since 1970, what happened, the generation or
//! member epoch at that time (-1 for none), and partitions as `3`, ranges of offsets as `3:17-29`,
//! committed offsets as `3:30`. The lines are the interface to whoever judges.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tidewire::{Records, TopicPartition};

/// A run of offsets of one partition without a gap: the partition, the first, the last.
type Range = (i32, i64, i64);

/// The open file, and how far the records in it go.
#[derive(Debug)]
pub(crate) struct Journal(Mutex<State>);

#[derive(Debug)]
struct State {
    file: File,
    /// The next offset of each partition that it has.
    next: BTreeMap<i32, i64>,
}

impl Journal {
    /// A new file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn create(file: &Path) -> std::io::Result<Self> {
        let (file, next) = (File::create(file)?, BTreeMap::new());
        Ok(Self(Mutex::new(State { file, next })))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Anything that takes no part in the positions.
    pub(crate) fn say(&self, word: &str, generation: i32, rest: &[impl Display]) {
        self.lock().line(word, generation, rest);
    }

    /// These are its own from now on.
    pub(crate) fn assigned(&self, generation: i32, partitions: &[TopicPartition]) {
        self.changed("assigned", generation, partitions);
    }

    /// These are gone.
    pub(crate) fn gone(&self, word: &str, generation: i32, partitions: &[TopicPartition]) {
        self.changed(word, generation, partitions);
    }

    fn changed(&self, word: &str, generation: i32, partitions: &[TopicPartition]) {
        let numbers: Vec<i32> = partitions.iter().map(|at| at.partition).collect();
        let mut state = self.lock();
        for number in &numbers {
            state.next.remove(number);
        }
        state.line(word, generation, &numbers);
    }

    /// These records were handed out.
    pub(crate) fn handed(&self, generation: i32, records: &Records) {
        // Batches of different partitions take turns.
        let mut ranges: Vec<Range> = Vec::new();
        let mut open: BTreeMap<i32, usize> = BTreeMap::new();
        for record in records {
            let (partition, offset) = (record.partition(), record.offset());
            let range = open.get(&partition).and_then(|at| ranges.get_mut(*at));
            match range {
                Some((_, _, last)) if *last + 1 == offset => *last = offset,
                _ => {
                    open.insert(partition, ranges.len());
                    ranges.push((partition, offset, offset));
                }
            }
        }
        let mut state = self.lock();
        for (partition, _, last) in &ranges {
            state.next.insert(*partition, last + 1);
        }
        let texts: Vec<String> = ranges
            .iter()
            .map(|(partition, first, last)| format!("{partition}:{first}-{last}"))
            .collect();
        state.line("hand", generation, &texts);
    }

    /// The next offset of each partition of which records were handed out.
    pub(crate) fn next(&self) -> BTreeMap<i32, i64> {
        self.lock().next.clone()
    }
}

impl State {
    fn line(&mut self, word: &str, generation: i32, rest: &[impl Display]) {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let micros = since.unwrap_or_default().as_micros();
        let mut line = format!("{micros} {word} {generation}");
        for each in rest {
            // Writing to a string cannot fail.
            let _ = write!(line, " {each}");
        }
        line.push('\n');
        if let Err(error) = self.file.write_all(line.as_bytes()) {
            // What it read is unknown from here on: it must look like a crash, not like a skip.
            eprintln!("tidewire-chaos: cannot write the journal: {error}");
            std::process::abort();
        }
    }
}
