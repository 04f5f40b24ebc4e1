//! `belfry token`: makes, lists and revokes access tokens.

use super::{Source, runtime};
use crate::wire;
use anyhow::Context;
use belfry_identity::{NewToken, Role, create, list, revoke};
use belfry_kernel::Time;
use belfry_runtime::SystemRng;
use clap::{Args, Subcommand};
use std::process::ExitCode;

/// Make, list and revoke access tokens. The server must be stopped meanwhile.
///
/// With security.mode = "tokens" every request carries one: Authorization: Bearer TOKEN. Only a hash is kept; the token
/// itself is shown once, when it is made.
#[derive(Args)]
#[command(after_help = "Examples:
  belfry token create --label 'control room' --role writer
  belfry token create --label 'soil probes' --role ingest --expires 2027-01-01T00:00:00Z
  belfry token list

Of a running server: POST, GET and DELETE /tokens, with the token of an admin.")]
pub struct Token {
    #[command(flatten)]
    source: Source,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Make a token and print it.
    Create {
        /// What it is for, in your own words.
        #[arg(long)]
        label: String,
        /// reader (sees), writer (sees and changes), ingest (brings readings in, sees nothing), admin (everything).
        #[arg(long, value_parser = role)]
        role: Role,
        /// The one tenant that it opens; every tenant when absent.
        #[arg(long)]
        tenant: Option<String>,
        /// When it ends (2027-01-01T00:00:00Z); never when absent.
        #[arg(long)]
        expires: Option<String>,
    },
    /// List the tokens that are kept.
    List,
    /// Revoke a token by its identifier, as `list` shows it.
    Revoke {
        /// The identifier.
        id: String,
    },
}

fn role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| "a role is reader, writer, ingest or admin".to_owned())
}

pub fn run(command: &Token) -> anyhow::Result<ExitCode> {
    let config = command.source.load(&[])?;
    let store = wire::open_default(&config)?;
    runtime()?.block_on(async {
        match &command.what {
            What::Create { label, role, tenant, expires } => {
                let expires_at = expires
                    .as_deref()
                    .map(|text| Time::parse(text).with_context(|| format!("--expires {text}")))
                    .transpose()?;
                let new = NewToken { label: label.clone(), role: *role, tenant: tenant.clone(), expires_at };
                let issued = create(&*store, &SystemRng, new).await?;
                println!("{}", issued.secret);
                eprintln!(
                    "keep it now: it cannot be shown again. Its identifier, to revoke it, is {}",
                    issued.token.id
                );
            }
            What::List => {
                for t in list(&*store)? {
                    let (tenant, ends) = (t.tenant.as_deref().unwrap_or("every tenant"), t.expires_at);
                    let ends = ends.map_or("never ends".to_owned(), |t| format!("ends {t}"));
                    println!("{}  {:6}  {tenant}  made {}  {ends}  {}", t.id, t.role.as_str(), t.created_at, t.label);
                }
            }
            What::Revoke { id } => {
                anyhow::ensure!(revoke(&*store, id).await?, "there is no token {id}");
                println!("revoked");
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}
