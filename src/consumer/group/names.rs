//! Topics that the coordinator task must look up by itself: all there are, for a pattern that
//! members match, and the names of those that an assignment knows by id.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::calls::Event;
use super::task::Task;
use crate::cluster::{Deadline, now};
use crate::error::{ErrorCode, Result};
use crate::ids::TopicId;
use crate::protocol::metadata::{MetadataRequest, MetadataRequestTopic};

impl Task {
    pub(super) fn list_topics(&mut self) {
        self.listing = true;
        let shared = Arc::clone(&self.inner.shared);
        let deadline = Deadline::after(shared.config.request_timeout);
        self.calls.push(Box::pin(async move {
            let request = MetadataRequest {
                topics: None,
                allow_auto_topic_creation: false,
                ..MetadataRequest::default()
            };
            let answer = shared.describe(&request, deadline).await;
            Event::Topics(answer.map(|answer| {
                let there = answer.topics.into_iter().filter(|it| it.error_code == 0);
                let each = there.filter_map(|it| Some((Arc::from(it.name?), it.is_internal)));
                each.collect()
            }))
        }));
    }

    pub(super) fn handle_topics(&mut self, answer: Result<BTreeMap<Arc<str>, bool>>) {
        let shared = &self.inner.shared;
        self.listing = false;
        match answer {
            Ok(all) => {
                self.all_topics = all;
                self.chosen = None;
                self.list_due = Some(now() + shared.config.metadata_max_age);
            }
            Err(error) => {
                tracing::warn!(%error, "the topics that match cannot be looked up; trying again");
                let known = self.list_due.is_some();
                let again = now() + shared.config.retry_backoff_max;
                self.list_due = known.then_some(again);
            }
        }
    }

    /// Asks what topics are called. A broker that lags behind may not know yet.
    pub(super) fn ask_names(&mut self, ids: BTreeSet<TopicId>) {
        self.asking_names = true;
        let shared = Arc::clone(&self.inner.shared);
        let deadline = Deadline::after(shared.config.request_timeout);
        self.calls.push(Box::pin(async move {
            let topic = |id: TopicId| MetadataRequestTopic {
                topic_id: id.0,
                name: None,
            };
            let request = MetadataRequest {
                topics: Some(ids.into_iter().map(topic).collect()),
                allow_auto_topic_creation: false,
                ..MetadataRequest::default()
            };
            let answer = shared.describe(&request, deadline).await;
            Event::Names(answer.map(|answer| {
                let there = answer.topics.into_iter();
                let there = there.filter(|it| ErrorCode(it.error_code).err().is_none());
                let each = there.filter_map(|it| Some((TopicId(it.topic_id), it.name?.into())));
                each.collect()
            }))
        }));
    }

    pub(super) fn handle_names(&mut self, answer: Result<BTreeMap<TopicId, Arc<str>>>) {
        self.asking_names = false;
        if let Err(error) = &answer {
            tracing::debug!(%error, "names of topics cannot be looked up; trying again");
        }
        let group = Arc::clone(&self.group);
        let mut state = group.lock();
        let Some(member) = &mut state.member else {
            return;
        };
        member.handle_names(answer.unwrap_or_default());
        if member.nameless().is_empty() {
            self.naming.succeeded();
        } else {
            self.naming.failed(now());
        }
    }
}
