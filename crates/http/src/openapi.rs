//! The API description (OpenAPI 3.1), made from the router's table: what is not in the table is not in the API.

use crate::operation::{Operation, Parameter, Run, Schema, Takes};
use belfry_kit::Hosted;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// The description as JSON text, indented, ending in a new line.
///
/// # Panics
/// Never: it is made of texts and objects only.
pub fn text(operations: &[Arc<Operation>], apps: &[Hosted]) -> String {
    let mut text =
        serde_json::to_string_pretty(&document(operations, apps)).expect("texts and objects are always JSON");
    text.push('\n');
    text
}

fn document(operations: &[Arc<Operation>], apps: &[Hosted]) -> Value {
    let mut paths = Map::new();
    for operation in operations {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method.as_str().to_ascii_lowercase()] = described(operation, apps);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Belfry",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "NGSI-LD (ETSI GS CIM 009 v1.8) and what Belfry adds to it. Generated from the router's table; do not edit.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "tags": apps.iter().map(|app| json!({
            "name": app.manifest.name,
            "description": app.manifest.purpose,
            "x-title": app.manifest.title,
            "x-version": app.manifest.version,
        })).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "parameters": {
                "tenant": {
                    "name": "NGSILD-Tenant", "in": "header", "required": false,
                    "description": "The tenant; the default one when absent.",
                    "schema": { "type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$" },
                },
                "link": {
                    "name": "Link", "in": "header", "required": false,
                    "description": "The @context, when the body does not carry it.",
                    "schema": { "type": "string" },
                },
            },
            "responses": {
                "problem": {
                    "description": "What went wrong.",
                    "content": { "application/json": { "schema": { "$ref": "#/components/schemas/problem" } } },
                },
            },
            "schemas": {
                "problem": {
                    "type": "object",
                    "description": "Problem details (RFC 9457).",
                    "required": ["type", "title", "status", "detail"],
                    "properties": {
                        "type": { "type": "string" },
                        "title": { "type": "string" },
                        "status": { "type": "integer" },
                        "detail": { "type": "string" },
                    },
                },
            },
        },
    })
}

fn described(operation: &Operation, apps: &[Hosted]) -> Value {
    let mut parameters: Vec<Value> = operation
        .path
        .split('/')
        .filter_map(|segment| {
            let name = segment.strip_prefix('{')?.strip_suffix('}')?.trim_start_matches('*');
            Some(json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        })
        .collect();
    parameters.extend(operation.all_parameters().map(parameter));
    let app = match operation.run {
        Run::App(at, _) => apps.get(at),
        Run::Own(_) => None,
    };
    if app.is_some() || operation.path.starts_with("/ngsi-ld/") {
        parameters.push(json!({ "$ref": "#/components/parameters/tenant" }));
        parameters.push(json!({ "$ref": "#/components/parameters/link" }));
    }
    let mut described = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "x-permission": operation.permission.as_str(),
        "parameters": parameters,
        "responses": {
            "2XX": { "description": "Done." },
            "default": { "$ref": "#/components/responses/problem" },
        },
    });
    if let Some(app) = app {
        described["tags"] = json!([app.manifest.name]);
    }
    if operation.takes != Takes::Nothing {
        let content: Map<String, Value> =
            operation.takes.media_types().split(", ").map(|media| (media.to_owned(), json!({}))).collect();
        described["requestBody"] = json!({ "required": true, "content": content });
    }
    described["security"] = match operation.permission {
        belfry_identity::Permission::Public => json!([]),
        _ => json!([{ "token": [] }]),
    };
    described
}

fn parameter(parameter: &Parameter) -> Value {
    let schema = match parameter.schema {
        Schema::Text => json!({ "type": "string" }),
        Schema::Number => json!({ "type": "integer", "minimum": 0 }),
        Schema::Decimal => json!({ "type": "number" }),
        Schema::Boolean => json!({ "type": "boolean" }),
        Schema::OneOf(all) => json!({ "type": "string", "enum": all }),
        Schema::SomeOf(all) => json!({ "type": "array", "items": { "type": "string", "enum": all } }),
    };
    let mut described = json!({
        "name": parameter.name, "in": "query", "required": false, "description": parameter.about, "schema": schema,
    });
    if matches!(parameter.schema, Schema::SomeOf(_)) {
        described["style"] = json!("form");
        described["explode"] = json!(false);
    }
    described
}
