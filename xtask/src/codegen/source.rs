//! Gets Kafka's message schemas: Maven unpacks them from the `kafka-clients` jar into `target/`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

const PLUGIN: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:unpack";

/// The text of every schema of a release, by the message's name, comments taken out.
pub(crate) fn schemas(root: &Path, version: &str) -> Result<BTreeMap<String, String>, String> {
    let folder = root
        .join("target/codegen")
        .join(format!("kafka-clients-{version}"));
    let messages = folder.join("common/message");
    let done = folder.join("complete");
    if !done.exists() {
        unpack(&folder, version)?;
    }
    let mut schemas = BTreeMap::new();
    let entries =
        fs::read_dir(&messages).map_err(|error| format!("{}: {error}", messages.display()))?;
    for entry in entries.flatten() {
        let path = entry.path();
        let text =
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        if let Some(name) = path.file_stem() {
            schemas.insert(name.to_string_lossy().into_owned(), without_comments(&text));
        }
    }
    if schemas.is_empty() {
        return Err(format!("{}: no schemas", messages.display()));
    }
    fs::write(&done, "").map_err(|error| format!("{}: {error}", done.display()))?;
    Ok(schemas)
}

fn unpack(folder: &Path, version: &str) -> Result<(), String> {
    println!("fetching kafka-clients {version} through Maven");
    let status = Command::new("mvn")
        .args(["--batch-mode", "--quiet", PLUGIN])
        .arg(format!(
            "-Dartifact=org.apache.kafka:kafka-clients:{version}"
        ))
        .arg("-Dmdep.unpack.includes=common/message/*.json")
        .arg(format!("-DoutputDirectory={}", folder.display()))
        .arg(format!(
            "-Dmdep.markersDirectory={}",
            folder.join("markers").display()
        ))
        .current_dir(
            folder
                .parent()
                .filter(|parent| parent.exists())
                .unwrap_or(Path::new("/")),
        )
        .status()
        .map_err(|error| format!("mvn: {error}; the generator needs Maven and a JDK"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("mvn: {status}"))
    }
}

/// The schemas are JSON with `//` comments to the end of the line.
fn without_comments(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for line in text.lines() {
        let mut in_string = false;
        let mut before = ' ';
        for (at, c) in line.char_indices() {
            match c {
                '"' if before != '\\' => in_string = !in_string,
                '/' if !in_string && line[at..].starts_with("//") => break,
                _ => {}
            }
            plain.push(c);
            before = c;
        }
        plain.push('\n');
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_go_and_strings_stay() {
        let text = "// head\n{ \"a\": \"http://x\", // tail\n \"b\\\"//\": 1 }";
        assert_eq!(
            without_comments(text),
            "\n{ \"a\": \"http://x\", \n \"b\\\"//\": 1 }\n"
        );
    }
}
