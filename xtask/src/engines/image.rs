//! The image that broker containers run: the jars of one version on a JRE.
//!
//! Its base comes from a public registry where one answers. Elsewhere Debian's packages make one:
//! `mmdebstrap` needs 20 seconds and nothing but an apt mirror.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::container::Container;
use crate::maven;
use crate::run;
use crate::version::Version;

const REGISTRY_BASE: &str = "docker.io/library/eclipse-temurin:17-jre";
const OWN_BASE: &str = "localhost/tidewire-jre:bookworm-17";
/// A slow line needs minutes for a hundred megabytes; a registry that never answers gets no more.
const PULL_LIMIT: Duration = Duration::from_secs(300);

/// The image's name. What goes into it is part of the tag, so that a change builds a new one.
pub(crate) fn name(kafka: Version) -> Result<String, String> {
    let mut recipe = maven::pom(kafka);
    for file in ["Dockerfile", "entrypoint.sh"] {
        let path = docker_dir().join(file);
        let text = fs::read_to_string(&path);
        recipe.push_str(&text.map_err(|e| format!("cannot read {}: {e}", path.display()))?);
    }
    Ok(format!(
        "localhost/tidewire-kafka:{kafka}-{:08x}",
        fnv(&recipe)
    ))
}

/// Builds the image unless it is there.
pub(crate) fn ensure(engine: &Container, kafka: Version) -> Result<(), String> {
    let name = name(kafka)?;
    if exists(engine, &name) {
        return Ok(());
    }
    let libs = maven::jars(kafka)?;
    let context = libs.parent().ok_or("the jars have no folder")?;
    fs::copy(
        docker_dir().join("entrypoint.sh"),
        context.join("entrypoint.sh"),
    )
    .map_err(|e| format!("cannot copy entrypoint.sh: {e}"))?;
    let base = base(engine)?;
    eprintln!("building {name} on {base}");
    let mut build = engine.command("build");
    build
        .args(["-q", "-t", &name, "--build-arg", &format!("BASE={base}")])
        .arg("-f")
        .arg(docker_dir().join("Dockerfile"))
        .arg(context);
    run::output(&mut build).map(drop)
}

fn exists(engine: &Container, image: &str) -> bool {
    let mut inspect = engine.command("image");
    inspect.args(["inspect", "--format", "{{.Id}}", image]);
    run::output(&mut inspect).is_ok()
}

/// Something with a JRE 17: our own import, else the registry's, else a new import.
fn base(engine: &Container) -> Result<&'static str, String> {
    if exists(engine, OWN_BASE) {
        return Ok(OWN_BASE);
    }
    if exists(engine, REGISTRY_BASE) {
        return Ok(REGISTRY_BASE);
    }
    eprintln!("pulling {REGISTRY_BASE}");
    let pulled = run::output_within(
        engine.command("pull").args(["-q", REGISTRY_BASE]),
        PULL_LIMIT,
    );
    let Err(why) = pulled else {
        return Ok(REGISTRY_BASE);
    };
    let Some(mmdebstrap) = run::find("mmdebstrap") else {
        return Err(format!(
            "no base image: the registry does not answer and there is no `mmdebstrap` to make one \
             (`cargo xtask setup` installs it)\n{why}"
        ));
    };
    eprintln!("no registry answers; making a base image from Debian's packages (20 s)");
    import_debian(engine, mmdebstrap)?;
    Ok(OWN_BASE)
}

fn import_debian(engine: &Container, mmdebstrap: PathBuf) -> Result<(), String> {
    let tar = run::target().join(format!("jre-{}.tar", std::process::id()));
    let mut make = std::process::Command::new(mmdebstrap);
    make.args([
        "--variant=minbase",
        "--include=openjdk-17-jre-headless",
        "bookworm",
    ]);
    let result = run::output(make.arg(&tar))
        .and_then(|_| run::output(engine.command("import").arg(&tar).arg(OWN_BASE)));
    if tar.exists() {
        // Only litter: the error that matters is the one above.
        let _ = fs::remove_file(&tar);
    }
    result.map(drop)
}

fn docker_dir() -> PathBuf {
    run::workspace().join("docker")
}

/// FNV-1a: the same on every machine and with every compiler, which std's hashers do not promise.
pub(crate) fn fnv(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv_1a() {
        assert_eq!(fnv(""), 0x811c_9dc5);
        assert_eq!(fnv("foobar"), 0xbf9c_f968);
    }

    #[test]
    fn each_version_has_its_own_image() {
        let name = |v: &str| name(v.parse().unwrap()).unwrap();
        assert!(name("2.8.2").starts_with("localhost/tidewire-kafka:2.8.2-"));
        assert_ne!(name("2.8.2"), name("4.3.1"));
    }
}
