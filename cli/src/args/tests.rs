//! The words of the command line: all of them, on either side of the command.

use clap::CommandFactory;
use clap::error::ErrorKind;

use super::*;

fn parse(line: &str) -> Cli {
    Cli::try_parse_from(line.split_whitespace()).unwrap()
}

fn refused(line: &str) -> clap::Error {
    Cli::try_parse_from(line.split_whitespace()).unwrap_err()
}

#[test]
fn the_tree_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn global_flags_add_up_on_both_sides_of_every_level() {
    let cli = parse(
        "tidewire -b a:1 -X x=1 -F f1 -v topics -X y=2 -F f2 create t -X z=a=b -b c:3 -v --json",
    );
    let global = cli.global();
    assert_eq!(global.bootstrap.as_deref(), Some("c:3"));
    let expected = [("x", "1"), ("y", "2"), ("z", "a=b")].map(|(k, v)| (k.into(), v.into()));
    assert_eq!(global.properties, expected);
    assert_eq!(global.property_files, ["f1", "f2"].map(PathBuf::from));
    assert!(global.json);
    assert_eq!(global.verbose, 2);
}

#[test]
fn an_earlier_bootstrap_survives_when_no_later_one_is_given() {
    let global = parse("tidewire -b a:1 consume t").global();
    assert_eq!(global.bootstrap.as_deref(), Some("a:1"));
}

#[test]
fn a_property_needs_a_key_and_an_equals_sign() {
    assert_eq!(refused("tidewire produce t -X linger.ms").exit_code(), 2);
    assert_eq!(refused("tidewire produce t -X =5").exit_code(), 2);
    let global = parse("tidewire produce t -X client.id=").global();
    assert_eq!(global.properties, [("client.id".into(), String::new())]);
}

#[test]
fn produce_takes_all_its_flags() {
    let line = "tidewire produce t --file a --file b -K \\t -H n=v -H m -p 3 -z zstd -Z \
                --partitioner murmur2";
    let Command::Produce(args) = parse(line).command else {
        panic!("not produce");
    };
    assert_eq!(args.topic, "t");
    assert_eq!(args.files.len(), 2);
    assert_eq!(args.headers.len(), 2);
    assert_eq!(args.partition, Some(3));
    assert_eq!(args.compression, Some(Codec::Zstd));
    assert!(args.empty_is_null);
    assert_eq!(args.partitioner.as_deref(), Some("murmur2"));
    assert_eq!(refused("tidewire produce t -p -1").exit_code(), 2);
    assert_eq!(refused("tidewire produce t -z brotli").exit_code(), 2);
    assert_eq!(refused("tidewire produce").exit_code(), 2);
}

#[test]
fn consume_takes_all_its_flags() {
    let line = "tidewire consume t u -p 0,2 -p 5 -o -10 -o e@99 -c 7 -e -f %s\\n \
                --isolation read_committed";
    let Command::Consume(args) = parse(line).command else {
        panic!("not consume");
    };
    assert_eq!(args.topics, ["t", "u"]);
    assert_eq!(args.partitions, [0, 2, 5]);
    assert_eq!(args.offsets.len(), 2);
    assert_eq!(args.count, Some(7));
    assert!(args.exit_at_end && args.format.is_some());
    assert_eq!(args.isolation, Some(Isolation::ReadCommitted));
    assert_eq!(refused("tidewire consume").exit_code(), 2);
    assert_eq!(refused("tidewire consume t -o soon").exit_code(), 2);
    assert_eq!(refused("tidewire consume t -f %q").exit_code(), 2);
}

#[test]
fn a_format_and_json_exclude_each_other() {
    let error = refused("tidewire consume t --json -f %s");
    assert_eq!(error.kind(), ErrorKind::ArgumentConflict);
}

#[test]
fn what_is_not_built_is_a_word_and_takes_anything() {
    for line in [
        "tidewire groups reset g --to-earliest -x",
        "tidewire perf roundtrip --records 5 --report f.html",
        "tidewire topics add-partitions t --partitions 9",
        "tidewire topics configs t",
    ] {
        parse(line);
    }
}

#[test]
fn help_says_what_is_not_built() {
    let mut command = Cli::command();
    let help = command.render_help().to_string();
    for (word, not_built) in [("groups", false), ("perf", false)] {
        let line = help
            .lines()
            .find(|line| line.trim_start().starts_with(word));
        assert_eq!(line.unwrap().contains("not built yet"), not_built, "{word}");
    }
    let topics = command.find_subcommand_mut("topics").unwrap();
    assert_eq!(
        topics
            .render_help()
            .to_string()
            .matches("not built yet")
            .count(),
        2
    );
}

#[test]
fn perf_takes_all_its_flags() {
    let line = "tidewire -b a:1 perf -X x=1 produce --topic t --records 5 --record-size 0 --rate 9 \
                --producers 3 --keys 7 --payload random --compression lz4 --json -X y=2";
    let cli = parse(line);
    let global = cli.global();
    assert!(global.json);
    assert_eq!(global.properties.len(), 2);
    let Command::Perf(PerfArgs {
        command: PerfCommand::Produce(args),
        ..
    }) = cli.command
    else {
        panic!("not perf produce");
    };
    assert_eq!((args.records, args.record_size), (5, 0));
    assert_eq!((args.rate, args.producers, args.keys), (Some(9), 3, 7));
    assert_eq!(args.payload, PayloadKind::Random);
    assert_eq!(args.compression, Some(Codec::Lz4));
    let line = "tidewire perf consume --topic t --records 5 --timeout 3 --group g";
    let Command::Perf(PerfArgs {
        command: PerfCommand::Consume(args),
        ..
    }) = parse(line).command
    else {
        panic!("not perf consume");
    };
    assert_eq!((args.records, args.timeout), (Some(5), 3));
    assert_eq!(args.group.as_deref(), Some("g"));
    for wrong in [
        "perf",
        "perf produce",
        "perf produce --topic t --records 0",
        "perf produce --topic t --rate 0",
        "perf produce --topic t --producers 0",
        "perf consume",
    ] {
        assert_eq!(refused(&format!("tidewire {wrong}")).exit_code(), 2);
    }
}

#[test]
fn a_topic_is_created_with_positive_numbers_only() {
    let line = "tidewire topics create t --partitions 3 --replication-factor 2 --config a=b";
    let Command::Topics(TopicsArgs {
        command: TopicsCommand::Create(args),
        ..
    }) = parse(line).command
    else {
        panic!("not topics create");
    };
    assert_eq!(
        (args.partitions, args.replication_factor),
        (Some(3), Some(2))
    );
    assert_eq!(args.configs, [("a".into(), "b".into())]);
    assert_eq!(
        refused("tidewire topics create t --partitions 0").exit_code(),
        2
    );
    assert_eq!(refused("tidewire topics delete").exit_code(), 2);
}
