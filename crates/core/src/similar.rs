//! Names that are similar to an unknown one.

/// The maximum number of suggestions.
const MAX_SUGGESTIONS: usize = 3;

/// The minimum similarity of a name, from 0 to 1.
const MIN_SIMILARITY: f64 = 0.9;

/// How much less similar than the most similar name another one may be.
const MAX_GAP: f64 = 0.05;

/// Returns up to three of the known names that are similar to `wanted`, the most similar first, for errors about an
/// unknown name. Case is ignored.
///
/// ```
/// let known = ["threadpool", "processpool", "tokio"];
/// assert_eq!(punctual_core::similar_names("tread_pool", known), ["threadpool"]);
/// assert!(punctual_core::similar_names("gevent", known).is_empty());
/// ```
#[must_use]
pub fn similar_names<'n>(wanted: &str, known: impl IntoIterator<Item = &'n str>) -> Vec<String> {
    let wanted = wanted.trim().to_ascii_lowercase();
    let similarity = |known: &str| strsim::jaro_winkler(&wanted, &known.to_ascii_lowercase());
    most_similar(known.into_iter().map(|known| (similarity(known), known.to_owned())))
}

/// Returns up to three of the names, the most similar first. Each name has a similarity from 0 to 1.
pub(crate) fn most_similar(names: impl Iterator<Item = (f64, String)>) -> Vec<String> {
    let mut similar: Vec<_> =
        names.filter(|(similarity, _)| *similarity >= MIN_SIMILARITY).collect();
    similar.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let best = similar.first().map_or(0.0, |(best, _)| *best);
    // An equal name leaves no doubt, and one that is almost equal little.
    let is_close =
        |similarity: f64| similarity == best || (best < 1.0 && similarity > best - MAX_GAP);
    let close = similar.into_iter().filter(|(similarity, _)| is_close(*similarity));
    close.take(MAX_SUGGESTIONS).map(|(_, name)| name).collect()
}
