//! What the requests of a classic group ask, and their answers, without the versions they come in.

use std::time::Duration;

use bytes::Bytes;

use crate::error::ErrorCode;

/// What a JoinGroup request asks.
#[derive(Clone, Debug)]
pub(crate) struct Join {
    /// Empty for who has no id yet.
    pub(crate) member_id: String,
    /// The id to give to who has none.
    pub(crate) new_id: String,
    pub(crate) instance: Option<String>,
    pub(crate) client_id: String,
    pub(crate) session: Duration,
    pub(crate) rebalance: Duration,
    pub(crate) protocol_type: String,
    pub(crate) protocols: Vec<(String, Bytes)>,
    /// Who has no id gets one and has to come again with it (KIP-394).
    pub(crate) id_required: bool,
    /// The answer can say that a leader need not assign (KIP-814).
    pub(crate) can_skip: bool,
}

/// The answer to JoinGroup.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct JoinAnswer {
    pub(crate) code: ErrorCode,
    pub(crate) generation: i32,
    pub(crate) protocol_type: Option<String>,
    pub(crate) protocol: Option<String>,
    pub(crate) leader: String,
    pub(crate) skip_assignment: bool,
    pub(crate) member_id: String,
    /// Id, instance and metadata.
    pub(crate) members: Vec<(String, Option<String>, Bytes)>,
}

impl JoinAnswer {
    pub(crate) fn refusal(code: ErrorCode, member_id: &str) -> Self {
        Self {
            code,
            generation: -1,
            protocol_type: None,
            protocol: None,
            leader: String::new(),
            skip_assignment: false,
            member_id: member_id.to_owned(),
            members: Vec::new(),
        }
    }
}

/// What a SyncGroup request asks.
#[derive(Clone, Debug)]
pub(crate) struct Sync {
    pub(crate) member_id: String,
    pub(crate) instance: Option<String>,
    pub(crate) generation: i32,
    pub(crate) protocol_type: Option<String>,
    pub(crate) protocol: Option<String>,
    pub(crate) assignments: Vec<(String, Bytes)>,
}

/// The answer to SyncGroup.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct SyncAnswer {
    pub(crate) code: ErrorCode,
    pub(crate) protocol_type: Option<String>,
    pub(crate) protocol: Option<String>,
    pub(crate) assignment: Bytes,
}

impl SyncAnswer {
    pub(crate) fn refusal(code: ErrorCode) -> Self {
        Self {
            code,
            protocol_type: None,
            protocol: None,
            assignment: Bytes::new(),
        }
    }
}

/// One member of a LeaveGroup request.
#[derive(Clone, Debug)]
pub(crate) struct Leave {
    /// Empty to remove whoever has the instance id.
    pub(crate) member_id: String,
    pub(crate) instance: Option<String>,
}

/// What became of one member that was to leave.
pub(crate) type Left = (Leave, ErrorCode);
