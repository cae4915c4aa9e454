//! Example by example: what a request names, forgets, and when it begins anew.

use super::*;

const A: Uuid = Uuid([0xa; 16]);
const B: Uuid = Uuid([0xb; 16]);

fn at(partition: i32) -> TopicPartition {
    TopicPartition::new("t", partition)
}

fn asked(offset: i64, topic_id: Uuid) -> Asked {
    Asked {
        offset,
        leader_epoch: LeaderEpoch(3),
        topic_id,
    }
}

/// The next request, and the partitions it lists.
fn next(session: &mut Session, wanted: &[(i32, Asked)]) -> (SessionStep, Vec<i32>) {
    let partitions: Vec<(TopicPartition, Asked)> =
        wanted.iter().map(|(p, asked)| (at(*p), *asked)).collect();
    let mut lists = Vec::new();
    let pairs = partitions.iter().map(|(at, asked)| (at, *asked));
    let step = session.next(pairs, |list| lists.push(list));
    let listed = wanted.iter().zip(lists).filter(|(_, list)| *list);
    (step, listed.map(|((p, _), _)| *p).collect())
}

/// A session that is open with these partitions, at epoch 1.
fn opened(wanted: &[(i32, Asked)]) -> Session {
    let mut session = Session::default();
    let (step, listed) = next(&mut session, wanted);
    assert_eq!((step.id, step.epoch, listed.len()), (0, 0, wanted.len()));
    session.answered(7, false);
    session
}

#[test]
fn an_open_session_names_only_what_changed() {
    let mut session = opened(&[(0, asked(0, A)), (1, asked(0, A))]);
    let (step, listed) = next(&mut session, &[(0, asked(5, A)), (1, asked(0, A))]);
    assert_eq!((step.id, step.epoch, step.by_id), (7, 1, true));
    assert_eq!((listed, step.forgotten.len()), (vec![0], 0));
    session.answered(7, false);
    let (step, listed) = next(&mut session, &[(0, asked(5, A)), (1, asked(0, A))]);
    assert_eq!((step.epoch, listed), (2, vec![]));
}

#[test]
fn case_80_what_is_not_wanted_any_more_is_forgotten_once() {
    let mut session = opened(&[(0, asked(0, A)), (1, asked(0, A))]);
    let (step, listed) = next(&mut session, &[(1, asked(0, A)), (2, asked(9, A))]);
    assert_eq!((step.forgotten, listed), (vec![(at(0), A)], vec![2]));
    session.answered(7, false);
    let (step, listed) = next(&mut session, &[(0, asked(4, A)), (1, asked(0, A))]);
    assert_eq!((step.forgotten, listed), (vec![(at(2), A)], vec![0]));
}

#[test]
fn case_80_a_topic_made_anew_begins_a_new_session_and_closes_the_old_one() {
    let mut session = opened(&[(0, asked(8, A)), (1, asked(8, A))]);
    let (step, listed) = next(&mut session, &[(0, asked(8, B)), (1, asked(8, B))]);
    assert_eq!((step.id, step.epoch, listed), (7, 0, vec![0, 1]));
    assert!(step.forgotten.is_empty());
}

#[test]
fn ids_and_names_are_never_mixed() {
    let mut session = opened(&[(0, asked(0, A))]);
    let mixed = [(0, asked(0, A)), (1, asked(0, Uuid::ZERO))];
    let (step, listed) = next(&mut session, &mixed);
    assert_eq!((step.id, step.epoch, step.by_id), (7, 0, false));
    assert_eq!(listed, [0, 1]);
    session.answered(8, false);
    let (step, listed) = next(&mut session, &mixed);
    assert_eq!((step.id, step.epoch, step.by_id), (8, 1, false));
    assert!(listed.is_empty());
    session.answered(8, false);
    let (step, _) = next(&mut session, &mixed[..1]);
    assert_eq!((step.id, step.epoch, step.by_id), (8, 0, true));
}

#[test]
fn case_79_every_refusal_begins_anew() {
    let wanted = [(0, asked(0, A)), (1, asked(0, A))];
    for (code, is_session) in [
        (ErrorCode::FETCH_SESSION_ID_NOT_FOUND, true),
        (ErrorCode::INVALID_FETCH_SESSION_EPOCH, true),
        (ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR, true),
        (ErrorCode::INCONSISTENT_TOPIC_ID, true),
        (ErrorCode::KAFKA_STORAGE_ERROR, false),
    ] {
        let mut session = opened(&wanted);
        next(&mut session, &wanted);
        assert_eq!(session.refused(code), is_session, "{code}");
        let (step, listed) = next(&mut session, &wanted);
        assert_eq!((step.id, step.epoch, listed.len()), (7, 0, 2), "{code}");
    }
}

#[test]
fn case_79_a_lost_answer_begins_anew() {
    let wanted = [(0, asked(0, A))];
    let mut session = opened(&wanted);
    next(&mut session, &wanted);
    session.lost();
    let (step, listed) = next(&mut session, &wanted);
    assert_eq!((step.id, step.epoch, listed), (7, 0, vec![0]));
}

#[test]
fn an_answer_of_another_session_or_of_strangers_begins_anew() {
    let wanted = [(0, asked(0, A))];
    for (id, strangers, expected) in [(9, false, 7), (-1, false, 7), (0, false, 0), (7, true, 7)] {
        let mut session = opened(&wanted);
        next(&mut session, &wanted);
        session.answered(id, strangers);
        let (step, listed) = next(&mut session, &wanted);
        assert_eq!((step.id, step.epoch, listed), (expected, 0, vec![0]));
    }
}

#[test]
fn without_room_at_the_broker_everything_is_named_each_time() {
    let wanted = [(0, asked(0, A))];
    let mut session = Session::default();
    for _ in 0..3 {
        let (step, listed) = next(&mut session, &wanted);
        assert_eq!((step.id, step.epoch, listed), (0, 0, vec![0]));
        session.answered(0, false);
    }
    assert_eq!(session.close(), None);
}

#[test]
fn closing_names_the_session_once() {
    let mut session = opened(&[(0, asked(0, A))]);
    assert_eq!((session.close(), session.close()), (Some(7), None));
}

#[test]
fn epochs_skip_zero_when_they_wrap() {
    let wanted = [(0, asked(0, A))];
    let mut session = opened(&wanted);
    session.epoch = i32::MAX;
    next(&mut session, &wanted);
    session.answered(7, false);
    let (step, listed) = next(&mut session, &wanted);
    assert_eq!((step.epoch, listed), (1, vec![]));
}
