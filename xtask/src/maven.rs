//! Kafka's jars, through Maven's ordinary client.
//!
//! A throw-away `pom.xml` names the broker and its tools, `dependency:copy-dependencies` fetches
//! them with all they need. The result is shared by every clone of this user and appears under its
//! final name in one rename: a folder that exists is complete. The pom is kept beside the jars, and
//! a different one (a later version of this file) fetches anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run;
use crate::version::Version;

/// The folder of one version's jars, fetched if it is not there.
pub(crate) fn jars(version: Version) -> Result<PathBuf, String> {
    let home = run::cache().join("kafka");
    let place = home.join(version.to_string());
    let pom = pom(version);
    if is_complete(&place, &pom) {
        return Ok(place.join("libs"));
    }
    let mvn =
        run::find("mvn").ok_or("no `mvn` found; install Maven (Debian: apt-get install maven)")?;
    eprintln!(
        "fetching the jars of Kafka {version} into {}",
        place.display()
    );
    let draft = home.join(format!(".{version}.{}", std::process::id()));
    let result = fetch(&mvn, &draft, &pom).and_then(|()| publish(&draft, &place, &pom));
    if draft.exists() {
        // Only litter is left there: the error that matters is the one above.
        let _ = fs::remove_dir_all(&draft);
    }
    result.map(|()| place.join("libs"))
}

/// What `java -cp` takes for all jars of a folder.
pub(crate) fn classpath(libs: &Path) -> String {
    libs.join("*").display().to_string()
}

fn is_complete(place: &Path, pom: &str) -> bool {
    fs::read_to_string(place.join("pom.xml")).is_ok_and(|found| found == pom)
}

fn fetch(mvn: &Path, draft: &Path, pom: &str) -> Result<(), String> {
    let file = draft.join("pom.xml");
    fs::create_dir_all(draft)
        .and_then(|()| fs::write(&file, pom))
        .map_err(|e| format!("cannot write {}: {e}", file.display()))?;
    let libs = draft.join("libs");
    run::output(
        Command::new(mvn)
            .args(["-q", "-B", "-f"])
            .arg(&file)
            .arg("dependency:copy-dependencies")
            .arg(format!("-DoutputDirectory={}", libs.display()))
            .arg("-DincludeScope=runtime"),
    )?;
    Ok(())
}

/// Moves a finished draft to its place; whoever comes second keeps the first one's.
fn publish(draft: &Path, place: &Path, pom: &str) -> Result<(), String> {
    if place.exists() && !is_complete(place, pom) {
        let aside = draft.with_extension("old");
        fs::rename(place, &aside)
            .and_then(|()| fs::remove_dir_all(&aside))
            .map_err(|e| format!("cannot replace {}: {e}", place.display()))?;
    }
    match fs::rename(draft, place) {
        Err(e) if !is_complete(place, pom) => Err(format!("cannot make {}: {e}", place.display())),
        _ => Ok(()),
    }
}

/// The pom of one version. `slf4j-simple` logs to standard error without a configuration file;
/// whatever binding Kafka brings itself is left out, so that there is only one. Before 3.0 the
/// broker asks for log4j's classes without depending on them.
pub(crate) fn pom(version: Version) -> String {
    let mut dependencies = String::new();
    let mut add = |group: &str, artifact: &str, version: &str| {
        dependencies.push_str(&format!(
            "    <dependency>\n      \
             <groupId>{group}</groupId><artifactId>{artifact}</artifactId>\
             <version>{version}</version>\n      \
             <exclusions>\n        \
             <exclusion><groupId>org.slf4j</groupId><artifactId>slf4j-reload4j</artifactId></exclusion>\n        \
             <exclusion><groupId>org.slf4j</groupId><artifactId>slf4j-log4j12</artifactId></exclusion>\n        \
             <exclusion><groupId>log4j</groupId><artifactId>log4j</artifactId></exclusion>\n      \
             </exclusions>\n    </dependency>\n",
        ));
    };
    let kafka = version.to_string();
    add("org.apache.kafka", "kafka_2.13", &kafka);
    add("org.apache.kafka", "kafka-tools", &kafka);
    add("org.slf4j", "slf4j-simple", "1.7.36");
    if version.needs_zookeeper() {
        add("ch.qos.reload4j", "reload4j", "1.2.25");
    }
    format!(
        "<project xmlns=\"http://maven.apache.org/POM/4.0.0\">\n  \
         <modelVersion>4.0.0</modelVersion>\n  \
         <groupId>tidewire</groupId><artifactId>kafka-jars</artifactId><version>1</version>\n  \
         <dependencies>\n{dependencies}  </dependencies>\n</project>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_brokers_get_log4js_classes_and_new_ones_do_not() {
        assert!(pom("2.8.2".parse().unwrap()).contains("<artifactId>reload4j<"));
        let new = pom("4.3.1".parse().unwrap());
        assert!(!new.contains("<artifactId>reload4j<"));
        assert!(new.contains("<artifactId>kafka-tools</artifactId><version>4.3.1<"));
    }
}
