//! From properties to a typed config: each is looked up in the table, read, and set or refused.
//!
//! Of several values of one property, under whatever name, only the last one counts and only that
//! one is checked: a flag can mend what a file gets wrong.

use std::collections::BTreeMap;

use super::client::ClientConfig;
use super::consumer::ConsumerConfig;
use super::findings::{Findings, Notice, NoticeKind, spelled};
use super::keys::{self, Access, Class, Key, Role, Typed};
use super::producer::ProducerConfig;
use super::properties::{Origin, Properties, Property};
use super::set::SetKeys;
use super::values::one_of;
use crate::error::{Error, ErrorKind, Result};

/// A struct of typed options.
pub(super) trait Config: Sized {
    const ROLE: Role;

    fn typed(access: &Access) -> Option<&Typed<Self>>;
    fn set_keys(&mut self) -> &mut SetKeys;
}

macro_rules! config {
    ($type:ident, $role:ident) => {
        impl Config for $type {
            const ROLE: Role = Role::$role;

            fn typed(access: &Access) -> Option<&Typed<Self>> {
                match access {
                    Access::$role(typed) => Some(typed),
                    _ => None,
                }
            }

            fn set_keys(&mut self) -> &mut SetKeys {
                &mut self.set
            }
        }
    };
}

config!(ClientConfig, Client);
config!(ProducerConfig, Producer);
config!(ConsumerConfig, Consumer);

/// A config that is still being put together: what properties said, and what was wrong with them.
///
/// A builder keeps one, changes `config` by its setters, and finishes it; so that one error tells
/// of bad text and of contradictions alike.
#[derive(Debug)]
pub(crate) struct Draft<C> {
    pub(crate) config: C,
    findings: Findings,
}

/// Reads what concerns one role.
pub(super) fn read<C: Config + Default>(properties: &Properties) -> Draft<C> {
    let mut config = C::default();
    let findings = load(&mut config, properties);
    Draft { config, findings }
}

impl Draft<ClientConfig> {
    pub(crate) fn finish(mut self) -> Result<(ClientConfig, Vec<Notice>)> {
        self.config.check(&mut self.findings);
        Ok((self.config, self.findings.into_result()?))
    }
}

impl Draft<ProducerConfig> {
    pub(crate) fn finish(mut self, client: &ClientConfig) -> Result<(ProducerConfig, Vec<Notice>)> {
        self.config.check(client, &mut self.findings);
        Ok((self.config, self.findings.into_result()?))
    }
}

impl Draft<ConsumerConfig> {
    pub(crate) fn finish(mut self, client: &ClientConfig) -> Result<(ConsumerConfig, Vec<Notice>)> {
        self.config.check(client, &mut self.findings);
        Ok((self.config, self.findings.into_result()?))
    }
}

/// Sets all of this role's properties. Unknown names are a problem whoever reads them; those of
/// other roles are left to them.
fn load<C: Config>(config: &mut C, properties: &Properties) -> Findings {
    let mut findings = Findings::default();
    for (property, key) in effective(properties) {
        match key {
            None => findings.problem(unknown(property)),
            Some(key) if key.role == C::ROLE => apply(config, key, property, &mut findings),
            Some(_) => {}
        }
    }
    findings
}

/// The properties that count, in order, with their rows.
fn effective(properties: &Properties) -> Vec<(&Property, Option<&'static Key>)> {
    let found: Vec<_> = properties
        .iter()
        .map(|p| (p, keys::find(p.key.trim())))
        .collect();
    let name = |property: &Property, key: Option<&Key>| match key {
        Some(key) => key.name.to_owned(),
        None => property.key.clone(),
    };
    let last: BTreeMap<String, usize> = found
        .iter()
        .enumerate()
        .map(|(i, (p, key))| (name(p, *key), i))
        .collect();
    let counts = |i: usize, p: &Property, key| last.get(&name(p, key)) == Some(&i);
    found
        .iter()
        .enumerate()
        .filter(|(i, (p, key))| counts(*i, p, *key))
        .map(|(_, found)| *found)
        .collect()
}

fn unknown(property: &Property) -> String {
    // The value of an unknown property may be a password.
    let what = spelled(&property.key, None, Some(&property.origin));
    match keys::nearest(&property.key) {
        Some(name) => format!("{what}: there is no such property; did you mean {name}?"),
        None => format!("{what}: there is no such property"),
    }
}

fn apply<C: Config>(config: &mut C, key: &'static Key, property: &Property, out: &mut Findings) {
    let (name, origin) = (property.key.trim(), &property.origin);
    let value = key.shows_value().then_some(property.value.as_str());
    let what = || spelled(name, value, Some(origin));
    if let Class::Meaningless(why) = key.class {
        let text = format!(
            "{}: it has no meaning here: {why}",
            spelled(name, None, Some(origin))
        );
        out.notices
            .push(Notice::new(NoticeKind::Meaningless, name, text));
        return;
    }
    let raw = match key.read(name, &property.value) {
        Ok(raw) => raw,
        Err(allowed) => return out.problem(format!("{}: {allowed}", what())),
    };
    // Set it even if it is refused next, so that rules about several properties speak up as well.
    if let Some(typed) = C::typed(&key.access) {
        match (typed.set)(config, raw) {
            Ok(()) => config.set_keys().mark(key.name, origin.clone()),
            Err(allowed) => return out.problem(format!("{}: {allowed}", what())),
        }
    }
    if let Class::NotBuilt { except } = key.class {
        let value = property.value.trim();
        if !except.iter().any(|fine| fine.eq_ignore_ascii_case(value)) {
            out.problem(not_built(&what(), except));
        }
    }
}

fn not_built(what: &str, except: &[&str]) -> String {
    let plain = |fine: &&str| !fine.is_empty() && !fine.starts_with("org.");
    let rest: Vec<&str> = except.iter().copied().filter(plain).collect();
    match one_of(&rest) {
        none if none.is_empty() => {
            format!("{what}: this is not built yet, and ignoring it would not be safe")
        }
        some => format!("{what}: this is not built yet; only {some} is"),
    }
}

impl Properties {
    /// What was given by a flag for a role that is not used: no error, but surely not what was
    /// meant. In files and in code such properties are normal, and unknown ones are left to the
    /// configs to refuse. [`Role::Client`] is always used.
    #[must_use]
    pub fn unused_by(&self, roles: &[Role]) -> Vec<Notice> {
        let other = |key: &Key| key.role != Role::Client && !roles.contains(&key.role);
        let mut notices = Vec::new();
        for property in self
            .iter()
            .filter(|property| property.origin == Origin::Flag)
        {
            let key = keys::find(property.key.trim()).filter(|key| other(key));
            notices.extend(key.map(|key| {
                let what = spelled(&property.key, None, Some(&Origin::Flag));
                let text = format!(
                    "{what}: it is for a {}, so it has no effect",
                    key.role.name()
                );
                Notice::new(NoticeKind::OtherRole, &property.key, text)
            }));
        }
        notices
    }

    /// Refuses what a producer's or consumer's builder was given beyond the first `inherited`
    /// properties and is for the client, which is built already: it would have no effect.
    pub(crate) fn refuse_for_client(&self, inherited: usize) -> Result<()> {
        let added = self.iter().skip(inherited);
        let of_client = |property: &&Property| {
            keys::find(property.key.trim()).is_some_and(|key| key.role == Role::Client)
        };
        match added.clone().find(of_client) {
            None => Ok(()),
            Some(property) => {
                let what = spelled(&property.key, None, Some(&property.origin));
                let words = format!("{what}: it is the client's; set it on Client::builder()");
                Err(Error::new(ErrorKind::Config, words))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::{Acks, Compression, GzipLevel};

    fn draft(text: &str) -> Draft<ProducerConfig> {
        read(&Properties::parse(text).unwrap())
    }

    fn finish(draft: Draft<ProducerConfig>) -> Result<(ProducerConfig, Vec<Notice>)> {
        draft.finish(&ClientConfig::default())
    }

    #[test]
    fn a_typed_setter_counts_as_the_users_choice() {
        let mut asked = draft("");
        asked
            .config
            .set_acks(Acks::Leader)
            .set_enable_idempotence(true);
        let error = finish(asked).unwrap_err();
        let expected = "acks=1 (set in code): enable.idempotence=true needs acks=all";
        assert_eq!(error.message(), expected);

        let mut short = draft("");
        short.config.set_delivery_timeout(Duration::from_secs(1));
        assert!(finish(short).is_err());
    }

    #[test]
    fn a_typed_setter_overrides_properties_before_the_rules_are_asked() {
        let mut mended = draft("acks=1\nenable.idempotence=true");
        mended.config.set_acks(Acks::All);
        let (config, notices) = finish(mended).unwrap();
        assert!(config.enable_idempotence && notices.is_empty());

        let mut level = draft("compression.type=gzip\ncompression.gzip.level=9");
        let five = Compression::Gzip(GzipLevel::new(5).unwrap());
        level.config.set_compression(five);
        assert_eq!(finish(level).unwrap().0.compression, five);
    }

    #[test]
    fn bad_values_and_contradictions_are_told_in_one_error() {
        let mut both = draft("linger.ms=x");
        both.config.set_max_in_flight(6);
        let error = finish(both).unwrap_err();
        assert!(error.message().starts_with("2 problems"), "{error}");
    }
}
