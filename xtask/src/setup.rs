//! `cargo xtask setup`: installs and fetches what real brokers need. Quick when all is there.
//!
//! On Debian as root packages are installed; elsewhere it says which are missing. Java and Maven
//! are required. A container engine and kcat are not: without them the tests run on plain JVMs, and
//! those that want kcat say that they skip.

use std::path::Path;
use std::process::Command;

use crate::engines;
use crate::maven;
use crate::run;
use crate::version::Version;

/// A program, the Debian packages that bring it, whether tests can do without.
struct Need {
    program: &'static str,
    packages: &'static [&'static str],
    optional: bool,
}

const NEEDS: [Need; 4] = [
    Need {
        program: "java",
        packages: &["openjdk-17-jdk-headless"],
        optional: false,
    },
    Need {
        program: "mvn",
        packages: &["maven"],
        optional: false,
    },
    Need {
        program: "kcat",
        packages: &["kcat"],
        optional: true,
    },
    Need {
        // Stands for a container engine: nothing of it is wanted where Docker answers.
        program: "podman",
        packages: &["podman", "runc", "mmdebstrap"],
        optional: true,
    },
];

pub(crate) fn run() -> Result<(), String> {
    let missing: Vec<&Need> = NEEDS.iter().filter(|need| is_missing(need)).collect();
    if !missing.is_empty() {
        if can_install() {
            install(&missing)?;
        }
        missing.iter().try_for_each(|need| check(need))?;
    }
    for kafka in Version::TESTED {
        let kafka: Version = kafka.parse()?;
        maven::jars(kafka)?;
        let engine = engines::choose(None, kafka)?;
        eprintln!("Kafka {kafka}: ready, engine {}", engine.name());
    }
    Ok(())
}

fn is_missing(need: &Need) -> bool {
    if need.program == "podman" && engines::container_answers() {
        return false;
    }
    match need.program {
        "java" => run::java().is_err(),
        program => run::find(program).is_none(),
    }
}

/// Debian's package manager and the right to use it.
fn can_install() -> bool {
    let root = run::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    root && Path::new("/etc/debian_version").exists() && run::find("apt-get").is_some()
}

fn install(missing: &[&Need]) -> Result<(), String> {
    run::status(apt_get().args(["-qq", "update"]))?;
    for need in missing {
        eprintln!("installing {}", need.packages.join(" "));
        let result = run::status(apt_get().args(["-qq", "-y", "install"]).args(need.packages));
        match result {
            Err(why) if need.optional => eprintln!("{why}"),
            result => result?,
        }
    }
    Ok(())
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// Says what is still missing; fails when nothing works without it.
fn check(need: &Need) -> Result<(), String> {
    if !is_missing(need) {
        return Ok(());
    }
    let (program, packages) = (need.program, need.packages.join(" "));
    let advice = format!("`{program}` is missing; install it (Debian: apt-get install {packages})");
    if need.optional {
        eprintln!("{advice}");
        Ok(())
    } else {
        Err(advice)
    }
}
