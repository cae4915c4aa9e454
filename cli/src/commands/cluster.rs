//! `cluster describe`: the brokers that are there.

use serde_json::json;
use tidewire::ClusterDescription;

use crate::args::Global;
use crate::failure::Failure;
use crate::output::print;
use crate::settings::Settings;
use crate::text::table::Table;

/// Runs it.
///
/// # Errors
/// When no broker was found.
pub(crate) async fn describe(global: &Global) -> Result<(), Failure> {
    let settings = Settings::gather(global)?;
    settings.warn_of_roles();
    let limit = settings.client()?.default_api_timeout;
    let work = async {
        let client = settings.connect(limit).await?;
        let cluster = client.admin().describe_cluster().await?;
        if global.json {
            return print(&to_json(&cluster).to_string());
        }
        print(&to_text(&cluster))
    };
    settings.in_time(work).await
}

fn to_json(cluster: &ClusterDescription) -> serde_json::Value {
    let brokers = cluster.brokers.iter().map(|broker| {
        json!({
            "id": broker.id.0,
            "host": &*broker.host,
            "port": broker.port,
            "rack": broker.rack.as_deref(),
        })
    });
    json!({
        "cluster_id": cluster.cluster_id.as_deref(),
        "controller": cluster.controller.map(|id| id.0),
        "brokers": brokers.collect::<Vec<_>>(),
    })
}

fn to_text(cluster: &ClusterDescription) -> String {
    let mut table = Table::new(["broker", "address", "rack", "controller"]);
    for broker in &cluster.brokers {
        let is_controller = cluster.controller == Some(broker.id);
        table.row([
            broker.id.to_string(),
            format!("{}:{}", broker.host, broker.port),
            broker.rack.as_deref().unwrap_or("-").to_owned(),
            if is_controller { "yes" } else { "" }.to_owned(),
        ]);
    }
    let id = cluster.cluster_id.as_deref().unwrap_or("without an id");
    format!("cluster {id}\n{table}")
}
