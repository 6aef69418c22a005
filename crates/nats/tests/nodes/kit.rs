//! The checks that every relay must pass, over NATS.

use async_nats::ConnectOptions;
use mcp_sse_server::relay::Inbound;
use mcp_sse_server_nats::NatsRelay;
use mcp_sse_testkit::{
    process::{Program, free_address, is_installed},
    relay_kit::{self, Engine, Serving},
};

struct Nats(Program);

impl Nats {
    fn url(&self) -> String {
        format!("nats://{}", self.0.address)
    }
}

impl Engine for Nats {
    type End = NatsRelay;

    async fn connect(&self) -> NatsRelay {
        let options = ConnectOptions::new();
        let relay = NatsRelay::options().connect(self.url(), options).await;
        relay.unwrap()
    }

    async fn serve(&self, end: &NatsRelay, inbound: Inbound) -> Serving {
        let name = inbound.node().clone();
        let serve = end.serve(inbound);
        let serving = Serving(tokio::spawn(async move {
            serve.await;
        }));
        // A request to its subject has a responder once it is subscribed.
        let client = async_nats::connect(self.url()).await.unwrap();
        while client
            .request(format!("mcp-sse.{name}"), "".into())
            .await
            .is_err()
        {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        serving
    }

    async fn limit(&self) -> Option<usize> {
        let client = async_nats::connect(self.url()).await.unwrap();
        Some(client.max_payload())
    }
}

#[tokio::test]
async fn nats_passes_the_checks_of_a_relay() {
    if !is_installed("nats-server") {
        return;
    }
    let address = free_address();
    relay_kit::check(&Nats(Program::nats(address, ""))).await;
}

#[tokio::test]
async fn nats_passes_the_checks_with_a_larger_max_payload() {
    if !is_installed("nats-server") {
        return;
    }
    let address = free_address();
    let nats = Program::nats(address, "max_payload: 6MB");
    relay_kit::check(&Nats(nats)).await;
}
