//! The list as a file for a spreadsheet: all that matches, page by page, while it is read.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SecondsFormat, Utc};
use futures_util::{StreamExt as _, stream};

use super::list::{given, spell};
use super::operator::{Looks, Operator};
use crate::onboarding::Onboarding;
use crate::store::{Cursor, Filter, ListOrder, Sight};
use crate::web::narrow::{Narrowed, read_asked};
use crate::web::{AppState, Error};

const HEAD: &str = "reference,name,tenant_id,blueprint,version,status,step,problem,abandonment,blocker,\
                    since,deadline,tries,assignee,account_id,created_at\r\n";
/// Rows that are read at once.
const PAGE: u16 = 100;

pub(super) async fn export(
    _: Operator<Looks>,
    State(app): State<AppState>,
    RawQuery(query): RawQuery,
) -> Result<Response, Error> {
    let Narrowed(filter, paging) = Narrowed::read(&spell(&given(query.as_deref())))?;
    let (filter, order, _, _) = read_asked(&filter, &paging)?;
    let rows = Body::from_stream(
        stream::once(async { Ok(HEAD.to_owned()) }).chain(lines(app, filter, order)),
    );
    Ok((file_headers("onboardings.csv"), rows).into_response())
}

/// How a file is offered to be kept.
pub(super) fn file_headers(name: &str) -> [(header::HeaderName, String); 2] {
    [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ]
}

/// Where reading goes on; nowhere once all is read.
enum Place {
    After(Option<Cursor>),
    End,
}

fn lines(
    app: AppState,
    filter: Filter,
    order: ListOrder,
) -> impl futures_util::Stream<Item = Result<String, crate::store::Error>> {
    stream::unfold((app, filter, Place::After(None)), move |(app, filter, place)| async move {
        let Place::After(after) = place else { return None };
        let page = match app.store().list((&filter, &Sight::All), order, after, PAGE).await {
            Ok(page) => page,
            // A file that breaks off is seen to be one: the connection ends before its end.
            Err(error) => return Some((Err(error), (app, filter, Place::End))),
        };
        let text: String = page.onboardings.iter().map(line).collect();
        let place = page.next.map_or(Place::End, |next| Place::After(Some(next)));
        Some((Ok(text), (app, filter, place)))
    })
}

fn line(onboarding: &Onboarding) -> String {
    let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let account = onboarding.facts.account.as_ref();
    row(&[
        &onboarding.reference.to_string(),
        &onboarding.profile.name,
        onboarding.tenant.as_str(),
        onboarding.blueprint.key.as_str(),
        &onboarding.blueprint.version.to_string(),
        onboarding.status.name(),
        onboarding.step().name(),
        onboarding.problem().map_or("", |problem| problem.code.name()),
        onboarding.abandonment().map_or("", |class| class.name()),
        onboarding.blocker().name(),
        &time(onboarding.since),
        &onboarding.status.deadline().map(time).unwrap_or_default(),
        &onboarding.tries.to_string(),
        onboarding.assignee.as_deref().unwrap_or_default(),
        &account.map(|account| account.id.to_string()).unwrap_or_default(),
        &time(onboarding.created_at),
    ])
}

/// A line of a file that a spreadsheet opens: what it would take for a formula is made a text.
pub(super) fn row(cells: &[&str]) -> String {
    let spelled: Vec<_> = cells.iter().map(|cell| spelled(cell)).collect();
    format!("{}\r\n", spelled.join(","))
}

fn spelled(cell: &str) -> String {
    let guard = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    if cell.contains([',', '"', '\n', '\r', ';', '\'']) || !guard.is_empty() {
        format!("\"{guard}{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_becomes_a_formula_or_two_cells() {
        assert_eq!(row(&["a", "b,c", "d\"e"]), "a,\"b,c\",\"d\"\"e\"\r\n");
        assert_eq!(
            row(&["=cmd|' /C calc'!A0", "-1", "@x"]),
            "\"'=cmd|' /C calc'!A0\",\"'-1\",\"'@x\"\r\n"
        );
    }
}
