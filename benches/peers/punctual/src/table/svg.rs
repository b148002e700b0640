//! Bar charts and line charts as SVG.

use std::fmt::{self, Write};

use crate::markdown::number;

const OURS: &str = "#d1495b";
const OTHERS: &str = "#2e6f95";
/// Of lines: the same peer has the same colour in all charts.
const COLOURS: [(&str, &str); 6] = [
    ("Punctual", OURS),
    ("gocron", OTHERS),
    ("tokio-cron-scheduler", "#66a182"),
    ("APScheduler", "#8d6a9f"),
    ("Quartz", "#e0a030"),
    ("", "#5c6b73"),
];
const WIDTH: f64 = 760.0;
const FONT: &str = "font-family=\"Helvetica, Arial, sans-serif\"";

/// A line of a chart.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) values: Vec<Option<f64>>,
}

/// Horizontal bars, the longest of which has the whole width.
pub(crate) fn bars(title: &str, bars: &[(String, f64)]) -> Result<String, fmt::Error> {
    const LEFT: f64 = 260.0;
    const STEP: f64 = 26.0;
    const RIGHT: f64 = 90.0;
    let longest = bars.iter().map(|(_, value)| *value).fold(f64::MIN_POSITIVE, f64::max);
    let mut svg = begin(title, 50.0 + STEP * bars.len() as f64)?;
    for (index, (name, value)) in bars.iter().enumerate() {
        let (y, ours) = (42.0 + STEP * index as f64, name.starts_with("Punctual"));
        let width = (value / longest * (WIDTH - LEFT - RIGHT)).max(1.0);
        let (colour, weight) = if ours { (OURS, "bold") } else { (OTHERS, "normal") };
        text(&mut svg, LEFT - 8.0, y + 14.0, "end", weight, name)?;
        writeln!(
            svg,
            "<rect x=\"{LEFT}\" y=\"{y}\" width=\"{width:.1}\" height=\"19\" fill=\"{colour}\"/>"
        )?;
        text(&mut svg, LEFT + width + 6.0, y + 14.0, "start", weight, &number(*value))?;
    }
    Ok(svg + "</svg>\n")
}

/// Lines over the same positions, with a logarithmic vertical axis.
pub(crate) fn lines(
    title: &str,
    positions: &[String],
    lines: &[Line],
) -> Result<String, fmt::Error> {
    const LEFT: f64 = 70.0;
    const RIGHT: f64 = 190.0;
    const TOP: f64 = 44.0;
    const HEIGHT: f64 = 260.0;
    let values = || lines.iter().flat_map(|line| line.values.iter().flatten().copied());
    let lowest = values().fold(f64::INFINITY, f64::min).log10().floor();
    let highest = values().fold(f64::MIN_POSITIVE, f64::max).log10().ceil().max(lowest + 1.0);
    let plot_width = WIDTH - LEFT - RIGHT;
    let x = |index: usize| {
        LEFT + 20.0 + (plot_width - 40.0) * index as f64 / (positions.len().max(2) - 1) as f64
    };
    let y = |value: f64| TOP + HEIGHT * (highest - value.log10()) / (highest - lowest);
    let mut svg = begin(title, TOP + HEIGHT + 40.0)?;
    for power in lowest as i32..=highest as i32 {
        let at = y(10_f64.powi(power));
        let right = LEFT + plot_width;
        writeln!(
            svg,
            "<line x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{right}\" y2=\"{at:.1}\" stroke=\"#ddd\"/>"
        )?;
        text(&mut svg, LEFT - 8.0, at + 4.0, "end", "normal", &power_of_ten(power))?;
    }
    for (index, position) in positions.iter().enumerate() {
        text(&mut svg, x(index), TOP + HEIGHT + 22.0, "middle", "normal", position)?;
    }
    for (index, line) in lines.iter().enumerate() {
        let colour = colour_of(&line.name);
        let width = if index == 0 { 3 } else { 2 };
        let points: Vec<_> = line
            .values
            .iter()
            .enumerate()
            .filter_map(|(at, value)| value.map(|value| (x(at), y(value))))
            .collect();
        let path: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"/>",
            path.join(" ")
        )?;
        for (x, y) in points {
            writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{colour}\"/>")?;
        }
        let (x, y) = (WIDTH - RIGHT + 16.0, TOP + 8.0 + 22.0 * index as f64);
        writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{}\" width=\"14\" height=\"4\" fill=\"{colour}\"/>",
            y - 6.0
        )?;
        text(
            &mut svg,
            x + 22.0,
            y,
            "start",
            if index == 0 { "bold" } else { "normal" },
            &line.name,
        )?;
    }
    Ok(svg + "</svg>\n")
}

/// With a white background, because the page may be dark.
fn begin(title: &str, height: f64) -> Result<String, fmt::Error> {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         width=\"{WIDTH}\" height=\"{height}\" {FONT} font-size=\"13\">\n\
         <title>{title}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    text(&mut svg, 16.0, 24.0, "start", "bold", title)?;
    Ok(svg)
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, weight: &str, text: &str) -> fmt::Result {
    writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" font-weight=\"{weight}\" \
         fill=\"#222\">{text}</text>"
    )
}

fn colour_of(name: &str) -> &'static str {
    COLOURS.iter().find(|(start, _)| name.starts_with(start)).map_or(OTHERS, |(_, colour)| colour)
}

fn power_of_ten(power: i32) -> String {
    match power {
        0..=3 => format!("{:.0}", 10_f64.powi(power)),
        4..=5 => format!("{:.0} k", 10_f64.powi(power - 3)),
        6.. => format!("{:.0} M", 10_f64.powi(power - 6)),
        _ => format!("{:.*}", power.unsigned_abs() as usize, 10_f64.powi(power)),
    }
}
