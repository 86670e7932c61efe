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
