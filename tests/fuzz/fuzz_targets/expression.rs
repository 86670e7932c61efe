//! Whatever an expression says: it parses or is refused where it is wrong, and its evaluation ends within the budget with
//! a value that can be written, or with an error. The first line is the expression, the rest is the input.
#![no_main]

mod seeds;

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use stepwell_expression::{Context, Expr, Memory, Value, Variables};

struct Sight(Value);

impl Variables for Sight {
    fn variable(&self, name: &str) -> Option<Value> {
        matches!(name, "Input" | "Output" | "Global" | "Context" | "Environment").then(|| self.0.clone())
    }
}

fn drawn(number: u32) -> [u8; 16] {
    [number as u8; 16]
}

/// Every expression of a flow, as far as it stands on one line.
fn seeds_of(folder: &Path) -> Vec<Vec<u8>> {
    let text = seeds::flow(folder).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let expression = |line: &str| {
        let (_, rest) = [".$: ", "Condition: ", "ItemsPath: "]
            .iter()
            .find_map(|before| line.split_once(before))?;
        let expression = rest.trim_end_matches(['}', ']', ',', ' ']).trim_matches('\'');
        Some(format!("{expression}\n{{\"a\":1,\"list\":[1,\"x\",null],\"name\":\"n\"}}").into_bytes())
    };
    text.lines().filter_map(expression).collect()
}

fuzz_target!(init: seeds::write(seeds_of), |bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (source, input) = text.split_once('\n').unwrap_or((text, "{}"));
    let expr = match Expr::parse(source) {
        Ok(expr) => expr,
        Err(error) => {
            assert!(source.get(error.offset..error.offset + error.length).is_some(), "{error:?}");
            return;
        }
    };
    assert_eq!(expr.source(), source);
    let input = Value::parse_json(input).unwrap_or_default();
    let (sight, memory, draw) = (Sight(input), Memory::default(), drawn);
    let mut context = Context::new(&sight, &memory, &draw);
    let first = expr.evaluate(&mut context);
    let mut context = Context::new(&sight, &memory, &draw);
    assert_eq!(first, expr.evaluate(&mut context));
    if let Ok(value) = &first {
        let json = value.to_json().expect("nothing is stored elsewhere");
        assert_eq!(json.len() as u64, value.bytes());
    }
    let mut context = Context::new(&sight, &memory, &draw);
    drop(expr.condition(&mut context));
});
