//! Addresses where no usable broker is. Each command ends in time and says what it tried.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use crate::harness::{Ended, Running, run, tidewire};

/// The limit that the tests set, and what the design allows on top of it.
const LIMIT: Duration = Duration::from_millis(1000);
const GRACE: Duration = Duration::from_secs(2);

const COMMANDS: [&[&str]; 5] = [
    &["produce", "t", "-X", "max.block.ms=1000"],
    &["perf", "produce", "--topic", "t", "-X", "max.block.ms=1000"],
    &["consume", "t", "-X", "default.api.timeout.ms=1000"],
    &["topics", "list", "-X", "default.api.timeout.ms=1000"],
    &["topics", "create", "t", "-X", "default.api.timeout.ms=1000"],
];

/// Runs every command against the address.
fn check(address: &str, reasons: &[&str]) {
    let runs: Vec<_> = COMMANDS
        .iter()
        .map(|command| {
            let args: Vec<String> = [&["-b", address], *command]
                .concat()
                .into_iter()
                .map(str::to_owned)
                .collect();
            thread::spawn(move || {
                let args: Vec<&str> = args.iter().map(String::as_str).collect();
                run(&args, b"one\ntwo\n")
            })
        })
        .collect();
    for ended in runs {
        in_time(
            ended
                .join()
                .unwrap()
                .fails_with(1)
                .says(&["error: ", address])
                .says(reasons),
        );
    }
}

fn in_time(ended: Ended) {
    assert!(ended.took < LIMIT + GRACE, "{ended:?}");
}

/// A listener whose every connection is handled by `speak`, on threads that end with the test.
fn server(speak: fn(TcpStream)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || speak(stream));
        }
    });
    address
}

/// Reads what the client says first, answers, and waits until it hangs up.
fn answer(mut stream: TcpStream, bytes: &[u8]) {
    let mut buffer = [0; 1024];
    let _ = stream.read(&mut buffer);
    let _ = stream.write_all(bytes);
    while stream.read(&mut buffer).is_ok_and(|read| read > 0) {}
}

#[test]
fn a_dead_address() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    check(&address, &["refused"]);
}

#[test]
fn a_silent_address() {
    check(&server(|stream| answer(stream, b"")), &[]);
}

#[test]
fn an_address_that_hangs_up() {
    check(&server(drop), &[]);
}

#[test]
fn an_address_that_speaks_tls() {
    // A fatal alert, "unexpected message", as a TLS server answers to anything else.
    check(
        &server(|stream| answer(stream, b"\x15\x03\x03\x00\x02\x02\x0a")),
        &["TLS"],
    );
}

#[test]
fn an_address_that_speaks_garbage() {
    check(
        &server(|stream| answer(stream, b"HTTP/1.1 400 Bad Request\r\n\r\n")),
        &["HTTP"],
    );
}

#[test]
fn a_host_that_nobody_knows() {
    check("no-such-host.invalid:9092", &[]);
}

#[test]
fn a_good_address_after_a_dead_one_is_enough() {
    let mock = crate::harness::Mock::start(1);
    let both = format!("127.0.0.1:1,{}", mock.bootstrap);
    run(&["-b", &both, "topics", "list"], b"").ok();
}

#[test]
fn an_idle_stdin_does_not_hold_up_the_end() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let args = ["-b", &address, "produce", "t", "-X", "max.block.ms=1000"];
    let mut running = Running::start(tidewire(&args));
    // Nobody writes to its stdin and nobody closes it.
    assert!(!running.wait().success());
    in_time(running.end());
}
