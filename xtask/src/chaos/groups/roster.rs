//! The members of the group as processes: who is there, and what becomes of each.
//!
//! Ours are `tests/chaos`, Java's Kafka's own verifiable consumer. Each writes to files of its own,
//! and none outlives this program.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use super::Args;
use super::figures::{Action, Deed};
use super::history::{Micros, of_javas, of_ours};
use super::tenure::Member;
use crate::chaos::History;
use crate::chaos::running::Running;
use crate::chaos::workload;
use crate::kafka_tools;
use crate::process::{ProcessId, Signal};
use crate::run;
use crate::state::Cluster;

/// From SIGTERM to the end of a member: its last commit, its farewell.
const LEAVE_LIMIT: Duration = Duration::from_secs(40);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Running,
    /// Until then.
    Stopped(Micros),
    /// Since then.
    Leaving(Micros),
    Gone,
}

/// One member.
#[derive(Debug)]
struct Slot {
    process: Running,
    id: ProcessId,
    state: State,
    member: Member,
    journal: PathBuf,
    log: PathBuf,
}

/// All members that there have been.
pub(super) struct Roster<'a> {
    pub(super) args: &'a Args,
    pub(super) cluster: &'a Cluster,
    pub(super) topic: &'a str,
    pub(super) seed: u64,
    pub(super) dir: &'a Path,
    pub(super) history: &'a History,
    pub(super) actions: Vec<Action>,
    slots: Vec<Slot>,
}

pub(super) fn now() -> Micros {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_micros()).unwrap_or(Micros::MAX)
}

fn micros(time: Duration) -> Micros {
    u64::try_from(time.as_micros()).unwrap_or(Micros::MAX)
}

impl<'a> Roster<'a> {
    pub(super) fn new(
        (args, cluster, topic): (&'a Args, &'a Cluster, &'a str),
        seed: u64,
        dir: &'a Path,
        history: &'a History,
    ) -> Self {
        Self {
            args,
            cluster,
            topic,
            seed,
            dir,
            history,
            actions: Vec::new(),
            slots: Vec::new(),
        }
    }

    /// Those in this state, by number.
    pub(super) fn all(&self, wanted: impl Fn(State) -> bool) -> Vec<usize> {
        let slots = self.slots.iter().enumerate();
        let wanted = slots.filter(|(_, slot)| wanted(slot.state));
        wanted.map(|(number, _)| number).collect()
    }

    /// How many live and are to stay; and how many of them are Java's.
    pub(super) fn living(&self) -> (u32, u32) {
        let stays = |state| matches!(state, State::Running | State::Stopped(_));
        let living = self.slots.iter().filter(|slot| stays(slot.state));
        living.fold((0, 0), |(all, java), slot| {
            (all + 1, java + u32::from(slot.member.java))
        })
    }

    fn note(&mut self, deed: Deed, member: usize, words: &str) {
        let at = now();
        self.actions.push(Action { at, deed, member });
        let name = self.slots.get(member).map(|slot| &slot.member.name);
        let name = name.map_or("?", String::as_str);
        self.history.say(&format!("{name}: {words}"));
    }

    /// Starts one more: Java's as long as there are too few of them.
    pub(super) fn start(&mut self) -> Result<usize, String> {
        let java = self.living().1 < self.args.with_java;
        let number = self.slots.len();
        let name = format!("{}-{number}", if java { "java" } else { "member" });
        let journal = self.dir.join(format!("{name}.journal"));
        let log = self.dir.join(format!("{name}.log"));
        let create = |file: &Path| {
            let open = File::create(file);
            open.map_err(|e| format!("cannot write {}: {e}", file.display()))
        };
        let mut command = if java {
            let mut tool = self.java(number)?;
            tool.stdin(Stdio::null()).stdout(create(&journal)?);
            tool
        } else {
            let mut ours = self.ours(number);
            ours.arg("--journal").arg(&journal);
            ours.stdin(Stdio::piped()).stdout(Stdio::null());
            ours
        };
        command.stderr(create(&log)?);
        // A Ctrl-C is for us.
        run::own_group(&mut command);
        let process = Running::start(&mut command)?;
        self.slots.push(Slot {
            id: ProcessId::of(process.pid()),
            process,
            state: State::Running,
            member: Member {
                name,
                java,
                ..Member::default()
            },
            journal,
            log,
        });
        self.note(Deed::Start, number, "started");
        Ok(number)
    }

    /// Every second one commits in words; saboteurs all do.
    fn ours(&self, number: usize) -> Command {
        let mut command = workload::program();
        let auto = number % 2 == 0 && self.args.sabotage.is_none();
        let commits = if auto { "auto" } else { "words" };
        let number = u64::try_from(number).unwrap_or(0);
        command
            .args(["member", "--bootstrap", &self.cluster.bootstrap()])
            .args(["--topic", self.topic, "--group", self.topic])
            .args(["--commits", commits, "--seed", &self.seed.to_string()])
            .args(["--turn", &(self.seed + number).to_string()]);
        for property in self.args.client_properties() {
            command.args(["-X", &property]);
        }
        if let Some(sabotage) = self.args.sabotage {
            command.args(["--sabotage", sabotage.name()]);
        }
        command
    }

    fn java(&self, number: usize) -> Result<Command, String> {
        let file = self.dir.join("java.properties");
        let text = self.args.java_properties().join("\n");
        fs::write(&file, text).map_err(|e| format!("cannot write {}: {e}", file.display()))?;
        let mut args = vec!["--topic".to_owned(), self.topic.into()];
        args.extend(["--group-id".into(), self.topic.into()]);
        args.extend(["--reset-policy".into(), "earliest".into()]);
        args.extend(self.args.java_arguments());
        let flag = if self.cluster.kafka.is_at_least(4, 2) {
            "--command-config"
        } else {
            "--consumer.config"
        };
        args.extend([flag.into(), file.display().to_string()]);
        if number % 2 == 0 {
            args.push("--enable-autocommit".into());
        }
        kafka_tools::command(self.cluster, "verifiable-consumer", &args)
    }

    fn signal(&self, number: usize, signal: Signal) -> Result<(), String> {
        let slot = self.slot(number)?;
        slot.id.signal(self.topic, signal)
    }

    fn slot(&self, number: usize) -> Result<&Slot, String> {
        self.slots
            .get(number)
            .ok_or_else(|| "no such member".into())
    }

    fn set(&mut self, number: usize, state: State) {
        if let Some(slot) = self.slots.get_mut(number) {
            slot.state = state;
        }
    }

    /// SIGTERM: it commits and leaves.
    pub(super) fn leave(&mut self, number: usize) -> Result<(), String> {
        self.note(Deed::Leave, number, "SIGTERM");
        self.set(number, State::Leaving(now()));
        self.signal(number, Signal::Terminate)
    }

    /// SIGKILL: it is gone without a word.
    pub(super) fn kill(&mut self, number: usize) -> Result<(), String> {
        self.note(Deed::Kill, number, "SIGKILL");
        if let Some(slot) = self.slots.get_mut(number) {
            slot.process.kill()?;
            slot.state = State::Gone;
            slot.member.end = Some(now());
        }
        Ok(())
    }

    /// SIGSTOP, and SIGCONT after a while.
    pub(super) fn stop(&mut self, number: usize, time: Duration) -> Result<(), String> {
        self.note(Deed::Stop, number, &format!("SIGSTOP for {time:?}"));
        let begin = now();
        self.signal(number, Signal::Stop)?;
        if let Some(slot) = self.slots.get_mut(number) {
            slot.state = State::Stopped(begin + micros(time));
            // Until it goes on nobody knows how long that was.
            slot.member.stops.push((begin, Micros::MAX));
        }
        Ok(())
    }

    fn go_on(&mut self, number: usize) -> Result<(), String> {
        self.signal(number, Signal::Continue)?;
        self.note(Deed::Continue, number, "SIGCONT");
        if let Some(slot) = self.slots.get_mut(number) {
            slot.state = State::Running;
            if let Some((_, end)) = slot.member.stops.last_mut() {
                *end = now();
            }
        }
        Ok(())
    }

    /// Wakes those whose time has come (all of them with `Micros::MAX`), and fails if somebody has
    /// ended who should not have, or has not who should have.
    pub(super) fn tend(&mut self, until: Micros) -> Result<(), String> {
        let due = |state| matches!(state, State::Stopped(end) if end <= until);
        for number in self.all(due) {
            self.go_on(number)?;
        }
        for slot in &mut self.slots {
            if slot.state == State::Gone {
                continue;
            }
            let ended = slot.process.ended()?;
            let name = &slot.member.name;
            let wrong = match (slot.state, ended) {
                (State::Leaving(_), Some(status)) => {
                    slot.state = State::Gone;
                    slot.member.end = Some(now());
                    // A JVM that was asked to end says so with its exit code.
                    let failed = !status.success() && !slot.member.java;
                    failed.then(|| format!("{name} failed on leaving, {status}"))
                }
                (State::Leaving(since), None) => {
                    let late = now() > since + micros(LEAVE_LIMIT);
                    late.then(|| format!("{name} has not ended within {LEAVE_LIMIT:?}"))
                }
                (_, Some(status)) => Some(format!("{name} has ended by itself, {status}")),
                (_, None) => None,
            };
            if let Some(wrong) = wrong {
                let log = fs::read_to_string(&slot.log).unwrap_or_default();
                let log = run::last_lines(&log, 10);
                return Err(format!("{wrong}; its log ends with\n{log}"));
            }
        }
        Ok(())
    }

    /// All members, with what they have written so far.
    pub(super) fn members(&self) -> Result<Vec<Member>, String> {
        let all = self.slots.iter().map(|slot| {
            let read = fs::read_to_string(&slot.journal);
            let text = read.map_err(|e| format!("cannot read {}: {e}", slot.journal.display()))?;
            let parse = if slot.member.java { of_javas } else { of_ours };
            if !slot.member.java {
                let log = fs::read_to_string(&slot.log).unwrap_or_default();
                if let Some(line) = log.lines().find(|line| line.contains("panicked")) {
                    return Err(format!("{}: {line}", slot.member.name));
                }
            }
            let mut member = slot.member.clone();
            // Not the line that is cut short.
            let whole = text
                .split_inclusive('\n')
                .filter(|line| line.ends_with('\n'));
            for line in whole {
                match parse(line.trim_end()) {
                    Some(event) => member.events.push(event),
                    // Java's says more than is of interest.
                    None if slot.member.java => {}
                    None => {
                        let name = &slot.member.name;
                        return Err(format!("{name}: a line that cannot be read: {line}"));
                    }
                }
            }
            Ok(member)
        });
        all.collect()
    }
}
