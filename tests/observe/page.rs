//! The page for Prometheus.

use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug)]
pub(crate) struct Page {
    /// The values by name and labels, as they are written.
    series: BTreeMap<String, f64>,
    /// The names of the metrics, with their kinds.
    kinds: BTreeMap<String, String>,
}

impl Page {
    pub(crate) fn read(text: &str) -> Self {
        let (mut series, mut kinds) = (BTreeMap::new(), BTreeMap::new());
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                kinds.insert(name.to_owned(), kind.to_owned());
            } else if !line.starts_with('#') {
                let (name, value) = line.rsplit_once(' ').unwrap();
                let before = series.insert(name.to_owned(), value.parse().unwrap());
                assert_eq!(before, None, "{name} twice");
            }
        }
        Self { series, kinds }
    }

    /// The value of a series of this crate, or zero if it does not exist.
    pub(crate) fn get(&self, name: &str) -> f64 {
        let value = self.series.get(&format!("mcp_sse_{name}"));
        value.copied().unwrap_or_default()
    }

    /// The values that are not zero. Of a histogram it has only the count.
    pub(crate) fn figures(&self) -> BTreeMap<String, f64> {
        let told = self.series.iter().filter(|(_, value)| **value != 0.0);
        let whole = told.filter(|(name, _)| !name.contains("_bucket{") && !name.ends_with("_sum"));
        whole.map(|(name, value)| (name.clone(), *value)).collect()
    }

    pub(crate) fn names(&self) -> BTreeSet<&str> {
        self.kinds.keys().map(String::as_str).collect()
    }

    pub(crate) fn histograms(&self) -> impl Iterator<Item = &str> {
        let histograms = self.kinds.iter().filter(|(_, kind)| *kind == "histogram");
        histograms.map(|(name, _)| name.as_str())
    }

    /// Whether there is a series with this name and this label.
    pub(crate) fn has(&self, name: &str, label: &str) -> bool {
        let has = |series: &String| series.starts_with(name) && series.contains(label);
        self.series.keys().any(has)
    }
}
