//! The table as a page of the manual.

use super::{Access, Class, Key, Kind, Role, all, scale};
use crate::config::client::ClientConfig;
use crate::config::consumer::ConsumerConfig;
use crate::config::producer::ProducerConfig;

/// Every property, in Markdown: what is used, with its default and range; where a default is not
/// Java's; what is not built yet; what has no meaning here.
#[must_use]
pub fn reference() -> String {
    let mut page = String::from("# Configuration properties\n");
    for (role, heading) in [
        (Role::Client, "Every client"),
        (Role::Producer, "Producer"),
        (Role::Consumer, "Consumer"),
    ] {
        page.push_str(&format!("\n## {heading}\n\n"));
        page.push_str("| Property | Field | Default | Values | Meaning |\n|---|---|---|---|---|\n");
        all()
            .filter(|key| key.role == role)
            .for_each(|key| used(&mut page, key));
    }
    departures(&mut page);
    page.push_str("\n## Not built yet\n\nRefused, except for the values named.\n\n");
    all().for_each(|key| not_built(&mut page, key));
    page.push_str("\n## Without meaning here\n\nAccepted and said once.\n\n");
    for key in all() {
        if let Class::Meaningless(why) = key.class {
            page.push_str(&format!("- {}: {why}\n", names(key)));
        }
    }
    page
}

fn used(page: &mut String, key: &Key) {
    let field = match &key.access {
        Access::None => return,
        Access::Client(typed) => typed.field,
        Access::Producer(typed) => typed.field,
        Access::Consumer(typed) => typed.field,
    };
    let default = default_text(key).filter(|text| !text.is_empty());
    let default = default.map_or("unset".to_owned(), |text| format!("`{text}`"));
    let (names, allowed, doc) = (names(key), key.allowed(key.name), key.doc);
    page.push_str(&format!(
        "| {names} | `{field}` | {default} | {allowed} | {doc} |\n"
    ));
}

fn not_built(page: &mut String, key: &Key) {
    let Class::NotBuilt { except } = key.class else {
        return;
    };
    page.push_str(&format!("- {}", names(key)));
    let values: Vec<String> = except
        .iter()
        .map(|value| match *value {
            "" => "an empty value".to_owned(),
            value => format!("`{value}`"),
        })
        .collect();
    if !values.is_empty() {
        page.push_str(&format!(", except {}", values.join(" or ")));
    }
    if !key.doc.is_empty() {
        page.push_str(&format!(": {}", key.doc));
    }
    page.push('\n');
}

fn departures(page: &mut String) {
    page.push_str("\n## Where a default is not Java's\n\n");
    page.push_str("| Property | Java | Here | Why |\n|---|---|---|---|\n");
    for key in all() {
        if let Some((java, why)) = key.departure {
            let here = default_text(key).unwrap_or_else(|| "false".to_owned());
            let here = if here.is_empty() { "unset" } else { &here };
            page.push_str(&format!(
                "| `{}` | `{java}` | `{here}` | {why} |\n",
                key.name
            ));
        }
    }
}

fn names(key: &Key) -> String {
    let all: Vec<String> = std::iter::once(&key.name)
        .chain(key.aliases)
        .map(|name| format!("`{name}`"))
        .collect();
    all.join(", ")
}

/// The default of a property as its text, empty for "none"; `None` without a field.
pub(super) fn default_text(key: &Key) -> Option<String> {
    let text = match &key.access {
        Access::None => return None,
        Access::Client(typed) => (typed.show)(&ClientConfig::default()),
        Access::Producer(typed) => (typed.show)(&ProducerConfig::default()),
        Access::Consumer(typed) => (typed.show)(&ConsumerConfig::default()),
    };
    // A property in KiB has a field in bytes.
    let number = match key.kind {
        Kind::Number { .. } => text.parse::<i64>().ok(),
        _ => None,
    };
    Some(number.map_or(text, |number| (number / scale(key.name)).to_string()))
}
