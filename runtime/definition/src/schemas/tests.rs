use serde_json::Value as Json;

use super::{FUNCTIONS_SCHEMA, GRANTS_SCHEMA};
use crate::fields::Field;
use crate::{functions, grants};

fn schema(text: &str) -> Json {
    serde_json::from_str(text).unwrap()
}

#[test]
fn schemas_know_the_same_keys_as_the_checker() {
    let keys = |schema: &Json, pointer: &str| -> Vec<(String, String)> {
        let properties = schema.pointer(pointer).unwrap().as_object().unwrap();
        let doc = |value: &Json| {
            value
                .get("description")
                .and_then(Json::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        properties
            .iter()
            .map(|(name, value)| (name.clone(), doc(value)))
            .collect()
    };
    let table = |fields: &[Field]| -> Vec<(String, String)> {
        fields
            .iter()
            .map(|field| (field.name.to_owned(), field.doc.replace('`', "")))
            .collect()
    };
    let names = |pairs: Vec<(String, String)>| -> Vec<String> { pairs.into_iter().map(|(name, _)| name).collect() };
    let (functions, grants) = (schema(FUNCTIONS_SCHEMA), schema(GRANTS_SCHEMA));
    assert_eq!(keys(&functions, "/$defs/function/properties"), table(functions::ENTRY));
    assert_eq!(
        names(keys(&functions, "/$defs/answer/properties")),
        names(table(functions::ANSWER))
    );
    assert_eq!(keys(&functions, "/$defs/failure/properties"), table(functions::FAILURE));
    assert_eq!(keys(&grants, "/$defs/grant/properties"), table(grants::GRANT));
    assert_eq!(keys(&grants, "/$defs/object/properties"), table(grants::OBJECT));
    assert_eq!(keys(&grants, "/$defs/secret/properties"), table(grants::SECRET));
}

const PAGE_HEAD: &str = "\
# functions.yaml and grants.yaml

Both stand beside the flow, or are named with `--functions` and `--grants`; they may also be called `.yml` or `.json`.
Unlike in a flow, an unknown key is an error in both: a slip must not allow more, or less, than was meant.

## functions.yaml

What carries out the functions that a flow calls with `FC:InvokeFunction`.

```yaml
functions:
  resize: {component: resize.wasm}
  \"acs:fc:*:functions/pay/*\": {http: \"http://127.0.0.1:8080/pay\"}
  poll: {stub: [{result: {ready: false}}, {fail: {code: Busy, detail: try again}}, {echo: true}]}
```

A key is the name of the function in the `resourceArn`, the whole `resourceArn`, or a pattern in which `*` is any run of
characters. If several match, the name comes first, then the whole `resourceArn`, then the longest pattern.
";

const GRANTS_HEAD: &str = "\
## grants.yaml

What the tasks of a flow may reach. Without the file, and where no grant matches, that is nothing.

```yaml
grants:
  - {flow: \"*\", action: \"FC:InvokeFunction\", function: resize, http: [\"api.example.com\", \"127.0.0.1:8080\"],
     objects: [{bucket: media, prefix: in/, access: read}], memory_mb: 256, timeout_seconds: 60,
     secrets: [{name: API_KEY, host: api.example.com, header: Authorization}]}
```
";

fn rows(page: &mut String, title: &str, fields: &[Field]) {
    page.push_str(&format!(
        "\n### {title}\n\n| field | takes | required | meaning |\n|---|---|---|---|\n"
    ));
    for field in fields {
        let required = if field.required { "yes" } else { "" };
        let takes = field.takes.words();
        page.push_str(&format!(
            "| `{}` | {takes} | {required} | {} |\n",
            field.name, field.doc
        ));
    }
}

#[test]
fn the_page_of_files_is_made_from_the_tables() {
    let mut page = PAGE_HEAD.to_owned();
    rows(&mut page, "A function has exactly one of", functions::ENTRY);
    rows(
        &mut page,
        "An answer of a stub has exactly one of the first three",
        functions::ANSWER,
    );
    rows(&mut page, "A failure of a stub", functions::FAILURE);
    page.push_str(&format!("\n{GRANTS_HEAD}"));
    rows(&mut page, "A grant", grants::GRANT);
    rows(&mut page, "One of its objects", grants::OBJECT);
    rows(&mut page, "One of its secrets", grants::SECRET);
    page.push_str("\nThis page is made from the tables that the checker goes by; a test holds it to them.\n");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/files.md");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        return std::fs::write(path, page).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(written == page, "UPDATE_GOLDEN=1 writes {path} anew");
}
