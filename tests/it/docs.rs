//! What a reader of the docs meets: each public module has a text and an example, and the pages of the repository
//! read well outside of rustdoc.

use std::{fs, path::Path};

fn read(path: impl AsRef<Path>) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The pages that people read on the repository's web site.
const PAGES: &[&str] = &[
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "benches/peers/README.md",
    "crates/gateway/COMPARISON.md",
    "crates/gateway/README.md",
    "crates/nats/README.md",
    "crates/rmcp/README.md",
];

#[test]
fn each_public_module_has_a_text_and_an_example_that_runs() {
    let lib = read("src/lib.rs");
    let public = lib
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let public: Vec<_> = public.collect();
    assert!(public.contains(&"sse") && public.len() >= 10, "{public:?}");
    for module in public {
        let text = read(format!("src/{module}/mod.rs"));
        let docs: Vec<_> = text
            .lines()
            .map_while(|line| line.strip_prefix("//!"))
            .collect();
        assert!(
            docs.first().is_some_and(|line| line.len() > 20),
            "{module} has no text"
        );
        let fences = docs.iter().map(|line| line.trim());
        let fences = fences.filter(|line| line.starts_with("```"));
        // Every other fence closes a block.
        let runs = fences.step_by(2).any(|opening| opening == "```");
        // The pages of the guide are files.
        assert!(runs || module == "guide", "{module} has no example");
    }
}

#[test]
fn pages_have_no_hidden_lines_and_no_dead_links() {
    for page in PAGES {
        let text = read(page);
        let folder = Path::new(page).parent().unwrap();
        let mut is_rust = false;
        for line in text.lines() {
            if let Some(kind) = line.strip_prefix("```") {
                is_rust = kind.starts_with("rust");
            }
            let is_hidden = is_rust && (line == "#" || line.trim_start().starts_with("# "));
            assert!(!is_hidden, "{page}: {line}");
            assert!(!line.contains("](crate::"), "{page}: {line}");
            for target in line.split("](").skip(1) {
                let target = target.split([')', '#']).next().unwrap();
                if !target.is_empty() && !target.contains("://") {
                    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
                        .join(folder)
                        .join(target);
                    assert!(path.exists(), "{page}: {target}");
                }
            }
        }
    }
}

#[test]
fn the_readme_links_to_pages_of_the_guide_that_exist() {
    let readme = read("README.md");
    let linked = readme.lines().filter_map(|line| {
        line.split_once("/latest/mcp_sse_server/guide/")?
            .1
            .split('/')
            .next()
    });
    let linked: Vec<_> = linked.collect();
    assert!(linked.len() > 10, "{linked:?}");
    for page in linked {
        read(format!("src/guide/{page}.md"));
    }
}

#[test]
fn the_page_on_observability_shows_the_instructions_of_the_baseline() {
    let baseline = read("benches/instructions.toml");
    let page = read("src/guide/observability.md");
    for (row, operation) in [
        (
            "a `POST` of 64 bytes, its answer in a frame",
            "POST to frame 64 B",
        ),
        (
            "a `POST` of 64 KiB, its answer in a frame",
            "POST to frame 64 KiB",
        ),
        ("a `send` of 64 bytes, and its frame", "send to frame 64 B"),
    ] {
        let operation = format!("\"{operation}\" = ");
        let counted = baseline
            .lines()
            .find_map(|line| line.strip_prefix(&operation));
        let row = format!("| {row} | ");
        let cells = page.lines().find_map(|line| line.strip_prefix(&row));
        let mut cells = cells.unwrap().trim_end_matches(" |").split(" | ");
        let number = |text: &str| text.replace(',', "").parse::<f64>().unwrap();
        let without = number(cells.next().unwrap());
        let counted: f64 = counted.unwrap().parse().unwrap();
        assert_eq!(without, counted.round(), "{row}");
        let with: Vec<_> = cells.collect();
        assert_eq!(with.len(), 3, "{row}");
        for cell in with {
            let (count, _) = cell.split_once(" (").unwrap();
            let more = (number(count) / without - 1.0) * 100.0;
            assert_eq!(cell, format!("{count} (+{more:.1} %)"), "{row}");
        }
    }
}

#[test]
fn the_page_on_migration_shows_the_ratios_of_the_peers() {
    let page = read("crates/rmcp/src/migration.md");
    let peers = read("benches/peers/README.md");
    let (_, table) = peers.split_once("## An rmcp handler\n").unwrap();
    let (_, shown) = page.split_once("<!-- peers: begin -->\n").unwrap();
    let (shown, _) = shown.split_once("<!-- peers: end -->").unwrap();
    let rows: Vec<_> = shown.trim().lines().skip(2).collect();
    assert_eq!(rows.len(), 4);
    for row in rows {
        let mut cells = row.trim_matches(['|', ' ']).split(" | ");
        let work = format!("| {} | ", cells.next().unwrap());
        let measured = table.lines().find_map(|line| line.strip_prefix(&work));
        let measured: Vec<_> = measured.unwrap().split(" · ").skip(1).collect();
        let ratios: Vec<_> = cells.map(str::trim).collect();
        assert_eq!(ratios.len(), measured.len(), "{row}");
        for (ratio, measured) in ratios.iter().zip(measured) {
            assert!(measured.starts_with(&format!("{ratio} ×")), "{row}");
        }
    }
}
