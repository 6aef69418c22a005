//! The README of the repository shows the server of this crate's README, which runs as a doctest.

#[test]
fn both_readmes_show_one_server() {
    let between = |text: &'static str, begin: &str, end: &str| {
        let (_, rest) = text.split_once(begin).expect("its begin");
        rest.split_once(end).expect("its end").0
    };
    let ours = include_str!("../../README.md");
    let workspace = include_str!("../../../../README.md");
    let code = between(ours, "```rust,no_run\n", "```");
    assert_eq!(code, between(workspace, "```rust,ignore\n", "```"));
    let dependencies = between(ours, "```toml\n", "```");
    assert_eq!(dependencies, between(workspace, "```toml\n", "```"));
}
