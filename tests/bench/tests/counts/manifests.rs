//! `cargo bench` runs the benchmarks and nothing else.

use std::fs;
use std::path::Path;

/// Every library and program says `bench = false`: its tests would be built and asked for options that they do not know.
#[test]
fn nothing_but_benchmarks_is_run_by_cargo_bench() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut without = Vec::new();
    for folder in ["runtime", "tests"] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let has_target = path.join("src/lib.rs").exists() || path.join("src/main.rs").exists();
            let Ok(manifest) = fs::read_to_string(path.join("Cargo.toml")) else {
                continue;
            };
            let is_alone = manifest.contains("[workspace]") || manifest.contains("autobins = false");
            if has_target && !is_alone && !manifest.contains("bench = false") {
                without.push(path);
            }
        }
    }
    assert_eq!(without, Vec::<std::path::PathBuf>::new());
}
