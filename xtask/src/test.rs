//! `cargo xtask test`: everything there is, real brokers included.
//!
//! First what needs no broker, then the suites that do, once per cluster of `CLUSTERS`. Whatever
//! happens, Ctrl-C included, the brokers are stopped; those of a run that was killed outright are
//! stopped by the next `broker up`.

use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::args::{EngineKind, TestArgs, UpArgs};
use crate::broker;
use crate::engines;
use crate::process::ProcessId;
use crate::run;

/// Test binaries that want a broker, and how many tests of them run at once if not as many as there
/// are processors: scenarios mostly wait. Without `TIDEWIRE_TEST_BOOTSTRAP` they skip themselves.
const SUITES: [(&[&str], Option<&str>); 2] =
    [(&["broker", "mock"], None), (&["scenarios"], Some("8"))];
/// The harness's own `--test-threads` goes before it.
const THREADS: &str = "RUST_TEST_THREADS";

/// Version, nodes, engine. The engine is the one that answers, except once, so that a machine with
/// a container engine tests both.
const CLUSTERS: [(&str, u32, Option<EngineKind>); 4] = [
    ("2.8.2", 1, None),
    ("3.9.1", 1, None),
    ("4.3.1", 1, Some(EngineKind::Jvm)),
    ("4.3.1", 3, None),
];

/// Longer than all of it takes on a slow machine, builds included.
const SUITE_LIMIT: Duration = Duration::from_secs(25 * 60);

/// The child that runs now, for Ctrl-C.
static CHILD: Mutex<Option<ProcessId>> = Mutex::new(None);

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

pub(crate) fn run(args: &TestArgs) -> Result<(), String> {
    ctrlc::set_handler(interrupted).map_err(|e| format!("cannot catch Ctrl-C: {e}"))?;
    let mut report = Vec::new();
    if !args.broker_only {
        report.push(("without a broker".into(), cargo_test(args, |_| {})));
    }
    if args.fast {
        report.push(("real brokers".into(), Ok("SKIPPED (--fast)")));
    } else {
        for (kafka, nodes, engine) in CLUSTERS {
            let wanted = args.kafka.is_none_or(|wish| wish.to_string() == kafka);
            if wanted && !INTERRUPTED.load(Ordering::SeqCst) {
                let up = UpArgs {
                    nodes,
                    kafka: kafka.parse()?,
                    engine: args.engine.or(engine),
                    proxy: false,
                    configs: Vec::new(),
                };
                report.push((
                    format!("Kafka {kafka}, nodes: {nodes}"),
                    on_cluster(args, &up),
                ));
            }
        }
    }
    summary(&report)
}

/// Runs the broker suites on a fresh cluster.
fn on_cluster(args: &TestArgs, up: &UpArgs) -> Result<&'static str, String> {
    let (kafka, nodes) = (up.kafka, up.nodes);
    // Whether this machine can run it at all is asked first, to tell "cannot" from "is broken".
    if let Err(why) = engines::choose(up.engine, kafka) {
        return if is_ci() {
            Err(why)
        } else {
            eprintln!("\n*** SKIPPED: Kafka {kafka} cannot run on this machine ***\n{why}\n");
            Ok("SKIPPED")
        };
    }
    let me = ProcessId::of(std::process::id());
    let cluster = broker::up(&format!("test-{kafka}-{nodes}"), up, Some(me))?;
    eprintln!(
        "\n=== Kafka {kafka}, nodes: {nodes}, engine: {} ===",
        cluster.engine.name()
    );
    let xtask = std::env::current_exe().map_err(|e| e.to_string());
    let result = xtask.and_then(|xtask| {
        // All of them run, whatever the first one ends with.
        let ends = SUITES.map(|(suites, threads)| {
            cargo_test(args, |command| {
                command
                    .args(suites.iter().flat_map(|suite| ["--test", suite]))
                    .env("TIDEWIRE_REQUIRE_BROKER", "1")
                    .env("TIDEWIRE_TEST_BOOTSTRAP", cluster.bootstrap())
                    .env("TIDEWIRE_TEST_KAFKA", kafka.to_string())
                    .env("TIDEWIRE_TEST_CLUSTER", &cluster.name)
                    .env("TIDEWIRE_XTASK", &xtask);
                if let Some(threads) = threads.filter(|_| std::env::var_os(THREADS).is_none()) {
                    command.env(THREADS, threads);
                }
            })
        });
        ends.into_iter().collect::<Result<Vec<_>, _>>()
    });
    let stopped = broker::remove(&cluster);
    result?;
    stopped.map(|()| "passed")
}

/// Runs `cargo test` on the workspace, its output passed through.
fn cargo_test(args: &TestArgs, more: impl FnOnce(&mut Command)) -> Result<&'static str, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .current_dir(run::workspace())
        .args(["test", "--workspace", "--no-fail-fast"])
        .env_remove("TIDEWIRE_TEST_BOOTSTRAP")
        .stdin(Stdio::null());
    more(&mut command);
    if INTERRUPTED.load(Ordering::SeqCst) {
        return Err("interrupted".into());
    }
    if !args.harness.is_empty() {
        command.arg("--").args(&args.harness);
    }
    // Its own group, so that all of it can be ended at once.
    run::own_group(&mut command);
    let mut child = command
        .spawn()
        .map_err(|e| format!("cannot run cargo: {e}"))?;
    set_child(Some(ProcessId::of(child.id())));
    let result = wait(&mut child);
    set_child(None);
    result.map(|()| "passed")
}

fn wait(child: &mut Child) -> Result<(), String> {
    let end = Instant::now() + SUITE_LIMIT;
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("cargo test ended with {status}")),
            Ok(None) if Instant::now() >= end => {
                end_child();
                return Err(format!("cargo test took longer than {SUITE_LIMIT:?}"));
            }
            Ok(None) => std::thread::sleep(Duration::from_millis(50)),
            Err(e) => return Err(format!("cannot wait for cargo test: {e}")),
        }
    }
}

/// Ctrl-C, SIGTERM or SIGHUP: the tests end at once, and the main thread stops the brokers. Asked
/// again, leaves them to the next `broker up`.
fn interrupted() {
    if INTERRUPTED.swap(true, Ordering::SeqCst) {
        std::process::exit(130);
    }
    eprintln!("xtask: interrupted; stopping the brokers");
    end_child();
}

fn set_child(child: Option<ProcessId>) {
    *CHILD
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner()) = child;
}

/// Ends cargo and the test binaries it started.
fn end_child() {
    let child = *CHILD
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(child) = child.filter(|child| child.is_ours("test")) {
        let group = format!("-{}", child.pid);
        // Gone already is as good.
        let _ = run::output(Command::new("kill").args(["-s", "KILL", "--", &group]));
    }
}

fn is_ci() -> bool {
    std::env::var("CI").is_ok_and(|ci| ci == "true")
}

fn summary(report: &[(String, Result<&'static str, String>)]) -> Result<(), String> {
    eprintln!("\nsummary of `cargo xtask test`:");
    for (what, result) in report {
        match result {
            Ok(how) => eprintln!("  {what}: {how}"),
            Err(why) => eprintln!("  {what}: FAILED: {why}"),
        }
    }
    match report.iter().filter(|(_, result)| result.is_err()).count() {
        0 => Ok(()),
        failed => Err(format!("{failed} of {} parts failed", report.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failed_part_fails_all() {
        let passed = ("a".to_owned(), Ok("passed"));
        let failed = ("b".to_owned(), Err("why".to_owned()));
        assert!(summary(std::slice::from_ref(&passed)).is_ok());
        assert!(summary(&[passed, failed]).is_err());
    }

    #[test]
    fn every_cluster_has_a_version_that_can_be_parsed() {
        for (kafka, ..) in CLUSTERS {
            kafka.parse::<crate::version::Version>().unwrap();
        }
    }
}
