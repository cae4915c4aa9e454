//! InitProducerId, versions 0 to 5 (KIP-98, KIP-360), for producers without transactions.
//!
//! As brokers do, a producer without a transactional id always gets a new producer id at epoch 0,
//! whatever id and epoch it had; idempotent producers raise their epoch by themselves.
//!
//! Deviations: transactional ids are refused as not authorised: there is no coordinator for them
//! yet, and a code that a client retries would keep it waiting for ever.

use super::super::state::ClusterState;
use super::{Context, Handler, Outcome};
use crate::error::ErrorCode;
use crate::protocol::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};

pub(super) struct InitProducerId(InitProducerIdRequest);

impl Handler for InitProducerId {
    type Request = InitProducerIdRequest;
    type Response = InitProducerIdResponse;

    fn new(request: InitProducerIdRequest) -> Self {
        Self(request)
    }

    fn run(&mut self, cluster: &mut ClusterState, on: &Context) -> Outcome<InitProducerIdResponse> {
        let half = (self.0.producer_id == -1) != (self.0.producer_epoch == -1);
        let refused = on.error().map(|planned| (planned.code, planned.apply));
        let response = match refused {
            Some((code, apply)) => {
                if apply {
                    cluster.new_producer_id();
                }
                failed(code)
            }
            None if half => failed(ErrorCode::INVALID_REQUEST),
            None if self.0.transactional_id.is_some() => {
                failed(ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
            }
            None => InitProducerIdResponse {
                producer_id: cluster.new_producer_id(),
                producer_epoch: 0,
                ..InitProducerIdResponse::default()
            },
        };
        Outcome::Reply(response)
    }

    fn set_throttle(response: &mut InitProducerIdResponse, ms: i32) {
        response.throttle_time_ms = ms;
    }
}

fn failed(code: ErrorCode) -> InitProducerIdResponse {
    InitProducerIdResponse {
        error_code: code.0,
        producer_id: -1,
        producer_epoch: -1,
        ..InitProducerIdResponse::default()
    }
}
