//! The dashboard and the alerts, compared with the metrics of the example.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use mcp_sse_testkit::wire::Conn;
use serde_json::Value;

use crate::{page::Page, process::Example};

/// A page with every name. The metric of refusals exists only after a refusal.
async fn full_page() -> Page {
    let example = Example::start();
    let mut conn = Conn::open(example.address).await.unwrap();
    let evil = "GET /sse HTTP/1.1\r\nhost: evil.example\r\n\r\n";
    conn.write(evil).await.unwrap();
    assert_eq!(conn.answer().await.unwrap(), 421);
    example.page().await
}

fn example(name: &str) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/");
    fs::read_to_string(format!("{path}{name}")).unwrap()
}

/// The values of all members with this name, at any depth.
fn members<'a>(value: &'a Value, name: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(object) => {
            found.extend(object.get(name));
            object
                .values()
                .for_each(|value| members(value, name, found));
        }
        Value::Array(items) => items.iter().for_each(|value| members(value, name, found)),
        _ => {}
    }
}

/// The metrics that a text names, each with the labels in the braces after it.
fn named<'a>(text: &'a str, page: &Page) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
    let mut named = BTreeMap::<_, BTreeSet<_>>::new();
    for (at, _) in text.match_indices("mcp_sse_") {
        let name = &text[at..];
        let end = name.find(|c: char| !c.is_ascii_lowercase() && c != '_');
        let (name, rest) = name.split_at(end.unwrap_or(name.len()));
        let of_histogram = name.strip_suffix("_bucket");
        let of_histogram = of_histogram.filter(|name| page.histograms().any(|told| told == *name));
        let labels = rest.strip_prefix('{').and_then(|rest| rest.split_once('}'));
        let labels = labels.into_iter().flat_map(|(labels, _)| labels.split(','));
        let labels = labels.filter_map(|label| label.trim().split(['=', '!']).next());
        named
            .entry(of_histogram.unwrap_or(name))
            .or_default()
            .extend(labels);
    }
    named
}

#[tokio::test]
async fn the_dashboard_shows_each_metric_and_no_other() {
    let page = full_page().await;
    let board: Value = serde_json::from_str(&example("observe.json")).unwrap();
    let mut expressions = Vec::new();
    members(&board, "expr", &mut expressions);
    assert!(expressions.len() > 20);
    let expressions = expressions
        .into_iter()
        .map(|expression| expression.as_str().unwrap());
    let expressions = expressions.collect::<Vec<_>>().join("\n");
    let names: BTreeSet<_> = named(&expressions, &page).into_keys().collect();
    assert_eq!(names, page.names());

    let mut sources = Vec::new();
    members(&board, "datasource", &mut sources);
    for source in sources {
        assert_eq!(
            source["uid"], "${datasource}",
            "the id of the data source differs in each Grafana"
        );
    }
}

#[tokio::test]
async fn the_alerts_use_existing_metrics_and_labels() {
    let page = full_page().await;
    let rules = example("observe.rules.yml");
    let named = named(&rules, &page);
    assert!(named.len() >= 3, "{named:?}");
    for (name, labels) in named {
        assert!(page.names().contains(name), "{name}");
        for label in labels {
            assert!(page.has(name, &format!("{label}=")), "{name} by {label}");
        }
    }
}
