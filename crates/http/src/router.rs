//! The table of every operation, and the router made from it. Whoever looks for what answers a request begins here.

use crate::app::App;
use crate::dispatch::Resource;
use crate::ngsi_ld;
use crate::operation::{Operation, Parameter, Run, Takes};
use crate::ops;
use crate::problem;
use crate::request::{parameters, representation, selection};
use axum::body::Body;
use axum::response::Response;
use belfry_identity::Permission;
use belfry_kernel::Error;
use belfry_kit::{Hosted, Room};
use http::{HeaderValue, Method, Request, header};
use http_body::Body as _;
use std::sync::Arc;

macro_rules! run {
    ($module:path) => {{
        use $module as module;
        |exchange| Box::pin(module::run(exchange))
    }};
}

/// The parts of a row that differ, in order: method, path, id, permission, summary, parameters, body, function.
macro_rules! rows {
    ($($method:ident $path:literal $id:literal $permission:ident $takes:ident [$($parameters:expr),*] $module:path, $summary:literal;)*) => {
        vec![$(Operation {
            method: Method::$method,
            path: $path,
            id: $id,
            permission: Permission::$permission,
            summary: $summary,
            parameters: &[$($parameters),*],
            takes: Takes::$takes,
            room: Room::Usual,
            time: None,
            run: Run::Own(run!($module)),
        }),*]
    };
}

/// Every operation: the platform's own in the order of the table, then those of these applications.
pub fn operations(apps: &[Hosted]) -> Vec<Arc<Operation>> {
    let of_apps = apps.iter().enumerate().flat_map(|(at, app)| app.endpoints.iter().map(move |e| Operation::of(at, e)));
    own().into_iter().chain(of_apps).map(Arc::new).collect()
}

fn own() -> Vec<Operation> {
    const LOCAL: &[Parameter] = parameters::LOCAL;
    rows! {
        // Entities (clauses 6.4 to 6.7).
        POST "/ngsi-ld/v1/entities" "createEntity" Ingest Json [LOCAL] ngsi_ld::entity_create,
            "Creates an entity.";
        GET "/ngsi-ld/v1/entities" "queryEntity" Read Nothing [selection::PARAMETERS, representation::PARAMETERS, parameters::ORDER, parameters::PAGE, LOCAL] ngsi_ld::entity_query,
            "Finds entities.";
        DELETE "/ngsi-ld/v1/entities" "purgeEntities" Administer Nothing [selection::PARAMETERS, parameters::ATTRS, ngsi_ld::entity_purge::PARAMETERS, LOCAL] ngsi_ld::entity_purge,
            "Deletes the entities that a query finds, or attributes of them.";
        GET "/ngsi-ld/v1/entities/{entityId}" "retrieveEntity" Read Nothing [representation::PARAMETERS, parameters::TYPE, LOCAL] ngsi_ld::entity_retrieve,
            "Gives one entity.";
        PUT "/ngsi-ld/v1/entities/{entityId}" "replaceEntity" Write Json [parameters::TYPE, LOCAL] ngsi_ld::entity_replace,
            "Replaces one entity.";
        PATCH "/ngsi-ld/v1/entities/{entityId}" "mergeEntity" Write Patch [ngsi_ld::entity_merge::PARAMETERS, parameters::TYPE, LOCAL] ngsi_ld::entity_merge,
            "Merges into one entity.";
        DELETE "/ngsi-ld/v1/entities/{entityId}" "deleteEntity" Write Nothing [parameters::TYPE, LOCAL] ngsi_ld::entity_delete,
            "Deletes one entity.";
        POST "/ngsi-ld/v1/entities/{entityId}/attrs" "appendAttrs" Ingest Json [parameters::NO_OVERWRITE, parameters::TYPE, LOCAL] ngsi_ld::attributes_append,
            "Adds attributes to one entity.";
        PATCH "/ngsi-ld/v1/entities/{entityId}/attrs" "updateEntity" Write Patch [parameters::TYPE, LOCAL] ngsi_ld::attributes_update,
            "Updates attributes of one entity.";
        PATCH "/ngsi-ld/v1/entities/{entityId}/attrs/{attrId}" "updateAttrs" Ingest Patch [parameters::TYPE, LOCAL] ngsi_ld::attribute_update,
            "Changes members of one attribute.";
        PUT "/ngsi-ld/v1/entities/{entityId}/attrs/{attrId}" "replaceAttrs" Ingest Json [parameters::TYPE, LOCAL] ngsi_ld::attribute_replace,
            "Replaces one attribute.";
        DELETE "/ngsi-ld/v1/entities/{entityId}/attrs/{attrId}" "deleteAttrs" Write Nothing [ngsi_ld::attribute_delete::PARAMETERS, parameters::TYPE, LOCAL] ngsi_ld::attribute_delete,
            "Deletes one attribute.";
        // Batches (clauses 6.14 to 6.17, 6.23, 6.31).
        POST "/ngsi-ld/v1/entityOperations/create" "createBatch" Ingest Json [LOCAL] ngsi_ld::batch_create,
            "Creates many entities.";
        POST "/ngsi-ld/v1/entityOperations/upsert" "upsertBatch" Ingest Lines [parameters::UPSERT, LOCAL] ngsi_ld::batch_upsert,
            "Creates or updates many entities.";
        POST "/ngsi-ld/v1/entityOperations/update" "updateBatch" Ingest Json [parameters::NO_OVERWRITE, LOCAL] ngsi_ld::batch_update,
            "Updates many entities.";
        POST "/ngsi-ld/v1/entityOperations/merge" "mergeBatch" Write Json [LOCAL] ngsi_ld::batch_merge,
            "Merges into many entities.";
        POST "/ngsi-ld/v1/entityOperations/delete" "deleteBatch" Write Json [LOCAL] ngsi_ld::batch_delete,
            "Deletes many entities.";
        POST "/ngsi-ld/v1/entityOperations/query" "queryBatch" Read Json [representation::PARAMETERS, parameters::PAGE, LOCAL] ngsi_ld::batch_query,
            "Finds entities by a query in the body.";
        // What is in use (clauses 6.25 to 6.28).
        GET "/ngsi-ld/v1/types" "retrieveEntityTypes" Read Nothing [ngsi_ld::catalogue::PARAMETERS, LOCAL] ngsi_ld::type_list,
            "Lists the entity types in use.";
        GET "/ngsi-ld/v1/types/{type}" "retrieveEntityTypeInfo" Read Nothing [LOCAL] ngsi_ld::type_info,
            "Describes one entity type in use.";
        GET "/ngsi-ld/v1/attributes" "retrieveAttrTypes" Read Nothing [ngsi_ld::catalogue::PARAMETERS, LOCAL] ngsi_ld::attribute_list,
            "Lists the attributes in use.";
        GET "/ngsi-ld/v1/attributes/{attrId}" "retrieveAttrTypeInfo" Read Nothing [LOCAL] ngsi_ld::attribute_info,
            "Describes one attribute in use.";
        // Contexts (clauses 6.29, 6.30). Whoever may read entities must be able to read their contexts without a token.
        POST "/ngsi-ld/v1/jsonldContexts" "createContext" Write Json [] ngsi_ld::context_add,
            "Adds a context.";
        GET "/ngsi-ld/v1/jsonldContexts" "listContexts" Read Nothing [ngsi_ld::context_list::PARAMETERS] ngsi_ld::context_list,
            "Lists the contexts that are kept here.";
        GET "/ngsi-ld/v1/jsonldContexts/{contextId}" "retrieveContext" Public Nothing [ngsi_ld::context_serve::PARAMETERS] ngsi_ld::context_serve,
            "Gives one context.";
        DELETE "/ngsi-ld/v1/jsonldContexts/{contextId}" "deleteContext" Write Nothing [ngsi_ld::context_delete::PARAMETERS] ngsi_ld::context_delete,
            "Deletes or reloads one context.";
        // Subscriptions.
        POST "/ngsi-ld/v1/subscriptions" "createSubscription" Write Json [LOCAL] ngsi_ld::subscription_create,
            "Creates a subscription.";
        GET "/ngsi-ld/v1/subscriptions" "querySubscription" Read Nothing [ngsi_ld::subscription_retrieve::PARAMETERS, parameters::PAGE, LOCAL] ngsi_ld::subscription_list,
            "Lists the subscriptions.";
        GET "/ngsi-ld/v1/subscriptions/{subscriptionId}" "retrieveSubscription" Read Nothing [ngsi_ld::subscription_retrieve::PARAMETERS, LOCAL] ngsi_ld::subscription_retrieve,
            "Gives one subscription, with how its notifications fare.";
        PATCH "/ngsi-ld/v1/subscriptions/{subscriptionId}" "updateSubscription" Write Patch [LOCAL] ngsi_ld::subscription_update,
            "Changes members of a subscription.";
        DELETE "/ngsi-ld/v1/subscriptions/{subscriptionId}" "deleteSubscription" Write Nothing [LOCAL] ngsi_ld::subscription_delete,
            "Deletes a subscription.";
        // The past.
        POST "/ngsi-ld/v1/temporal/entities" "upsertTemporal" Write Json [LOCAL] ngsi_ld::temporal_create,
            "Creates the temporal evolution of an entity, or adds to it.";
        GET "/ngsi-ld/v1/temporal/entities" "queryTemporal" Read Nothing [selection::PARAMETERS, ngsi_ld::temporal::PARAMETERS, parameters::PAGE, LOCAL] ngsi_ld::temporal_query,
            "Finds temporal evolutions.";
        GET "/ngsi-ld/v1/temporal/entities/{entityId}" "retrieveTemporal" Read Nothing [ngsi_ld::temporal::PARAMETERS, LOCAL] ngsi_ld::temporal_retrieve,
            "Gives the temporal evolution of one entity.";
        DELETE "/ngsi-ld/v1/temporal/entities/{entityId}" "deleteTemporal" Write Nothing [LOCAL] ngsi_ld::temporal_delete,
            "Deletes the temporal evolution of one entity.";
        POST "/ngsi-ld/v1/temporal/entities/{entityId}/attrs" "appendAttrsTemporal" Write Json [LOCAL] ngsi_ld::temporal_append,
            "Adds attribute instances to a temporal evolution.";
        DELETE "/ngsi-ld/v1/temporal/entities/{entityId}/attrs/{attrId}" "deleteAttrsTemporal" Write Nothing [ngsi_ld::temporal_attribute_delete::PARAMETERS, LOCAL] ngsi_ld::temporal_attribute_delete,
            "Deletes the instances of one attribute.";
        PATCH "/ngsi-ld/v1/temporal/entities/{entityId}/attrs/{attrId}/{instanceId}" "updateAttrInstanceTemporal" Write Patch [LOCAL] ngsi_ld::temporal_instance_update,
            "Changes one instance of the past.";
        DELETE "/ngsi-ld/v1/temporal/entities/{entityId}/attrs/{attrId}/{instanceId}" "deleteAttrInstanceTemporal" Write Nothing [LOCAL] ngsi_ld::temporal_instance_delete,
            "Deletes one instance of the past.";
        POST "/ngsi-ld/v1/temporal/entityOperations/query" "queryBatchTemporal" Read Json [ngsi_ld::temporal::PARAMETERS, parameters::PAGE, LOCAL] ngsi_ld::temporal_query::by_body,
            "Finds temporal evolutions by a query in the body.";
        GET "/belfry/v1/state" "stateAt" Read Nothing [selection::PARAMETERS, ngsi_ld::temporal_state::PARAMETERS] ngsi_ld::temporal_state,
            "Gives entities exactly as they stood at an instant.";
        // The server itself.
        GET "/health" "health" Public Nothing [] ops::health,
            "Says whether the server is well.";
        GET "/metrics" "metrics" Observe Nothing [] ops::metrics,
            "Gives counters in the Prometheus format.";
        GET "/openapi.json" "apiDescription" Public Nothing [] ops::api_description,
            "Gives this description.";
        GET "/events" "events" Read Nothing [] ops::events,
            "Streams what changes (server-sent events).";
        POST "/backups" "createBackup" Operate Json [] ops::backup_create,
            "Copies the data of every tenant into a new directory, while writes go on.";
        GET "/backups" "listBackups" Operate Nothing [] ops::backup_list,
            "Lists the backups that were begun since the start, and how they went.";
        POST "/tokens" "createToken" Operate Json [] ops::token_create,
            "Makes an access token.";
        GET "/tokens" "listTokens" Operate Nothing [] ops::token_list,
            "Lists the access tokens.";
        DELETE "/tokens/{tokenId}" "revokeToken" Operate Nothing [] ops::token_revoke,
            "Revokes an access token.";
    }
}

/// What answers a request: every path of the table, the page for everything else.
pub struct Router {
    paths: matchit::Router<Resource>,
}

impl Router {
    /// The router of the whole table.
    ///
    /// # Panics
    /// When two rows of the table have paths that cannot stand together: found by any test that makes a router.
    pub fn new(app: &Arc<App>) -> Self {
        let mut paths = matchit::Router::new();
        for (at, operation) in app.operations.iter().enumerate() {
            let rows = || app.operations.iter().enumerate().filter(|(_, other)| other.path == operation.path);
            if rows().next().is_some_and(|(first, _)| first < at) {
                continue;
            }
            let allow = allow(rows().map(|(_, operation)| &operation.method));
            let segments = operation.path.split('/').enumerate();
            let variables = segments.filter(|(_, part)| part.starts_with('{')).map(|(at, _)| at).collect();
            let operations = rows().map(|(at, operation)| (at, operation.clone())).collect();
            let resource = Resource { app: app.clone(), operations, variables, allow };
            paths.insert(operation.path, resource).expect("the paths of the table stand beside each other");
        }
        Self { paths }
    }

    /// Answers one request.
    pub async fn answer(&self, request: Request<Body>) -> Response {
        let only_head = *request.method() == Method::HEAD;
        let path = request.uri().path();
        let mut response = match found(&self.paths, path) {
            Some(resource) => resource.answer(request).await,
            None => elsewhere(&request),
        };
        if only_head {
            without_body(&mut response);
        }
        response
    }
}

/// What is at a path. The standard writes some paths with a slash at the end (table 6.2-1), and most without: every path
/// may have one.
fn found<'p, T>(paths: &'p matchit::Router<T>, path: &str) -> Option<&'p T> {
    let found = paths.at(path).ok().or_else(|| paths.at(path.strip_suffix('/')?).ok())?;
    Some(found.value)
}

/// Leaves out the body of an answer to HEAD, and says how long it would have been (RFC 9110 section 9.3.2).
fn without_body(response: &mut Response) {
    if let Some(length) = response.body().size_hint().exact() {
        response.headers_mut().entry(header::CONTENT_LENGTH).or_insert(length.into());
    }
    *response.body_mut() = Body::empty();
}

fn allow<'m>(methods: impl Iterator<Item = &'m Method>) -> HeaderValue {
    let mut all: Vec<&str> = methods.map(Method::as_str).collect();
    if all.contains(&"GET") {
        all.push("HEAD");
    }
    all.push("OPTIONS");
    HeaderValue::from_str(&all.join(", ")).expect("names of methods are visible ASCII")
}

/// A path that is not in the table: a file of the page, or nothing.
fn elsewhere(request: &Request<Body>) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let found =
            belfry_ui::respond(request.uri().path(), text(header::IF_NONE_MATCH), text(header::ACCEPT_ENCODING));
        if let Some(found) = found {
            return found.map(Body::from);
        }
    }
    problem::answer(&Error::not_found("there is nothing at this path"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every path of the table, its variable segments filled, leads to its own row.
    #[test]
    fn a_path_leads_to_its_operation() {
        let mut paths = matchit::Router::new();
        for operation in own() {
            let _ = paths.insert(operation.path, operation.path);
        }
        let find = |path: &str| found(&paths, path).copied();
        let filled = |path: &str, with: &str| {
            let parts: Vec<_> = path.split('/').map(|part| if part.starts_with('{') { with } else { part }).collect();
            parts.join("/")
        };
        for Operation { path, .. } in own() {
            for with in ["urn:x:1", "a%2Fb", "attrs", "*"] {
                assert_eq!(find(&filled(path, with)), Some(path), "{path} with {with}");
            }
            assert_eq!(find(&format!("{}/", filled(path, "x"))), Some(path));
            assert_eq!(find(&format!("{}//", filled(path, "x"))), None);
            // One in the middle leads there, and is refused as what it stands for.
            assert!(!path.ends_with('}') || find(&filled(path, "")) != Some(path), "{path}");
        }
        for path in ["", "*", "/", "ngsi-ld/v1/entities", "/ngsi-ld", "/ngsi-ld/v1//entities", "/ngsi-ld/v2/entities"] {
            assert_eq!(find(path), None, "{path}");
        }
    }
}
