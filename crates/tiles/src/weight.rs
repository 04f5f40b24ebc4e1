//! How much each vertex of a line or ring matters: the effective area of Visvalingam and Whyatt (1993). Computed once for a
//! shape; what a zoom shows of it is then a comparison for each vertex. Takes n log n steps whatever the line is, where
//! Douglas and Peucker's method has a quadratic worst case that a hostile line reaches.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::shape::Vertex;

/// Sets the weights of an open line: areas of the unit square; the two ends are never dropped.
pub(crate) fn of_line(vertices: &mut [Vertex]) {
    weigh(vertices, false, 2);
}

/// Sets the weights of a ring, whose first vertex is not repeated at its end: three are never dropped.
pub(crate) fn of_ring(vertices: &mut [Vertex]) {
    weigh(vertices, true, 3);
}

fn weigh(vertices: &mut [Vertex], ring: bool, kept: usize) {
    let count = vertices.len();
    if count <= kept {
        vertices.iter_mut().for_each(|vertex| vertex.weight = f32::INFINITY);
        return;
    }
    let mut before: Vec<u32> = (0..count).map(|i| ((i + count - 1) % count) as u32).collect();
    let mut after: Vec<u32> = (0..count).map(|i| ((i + 1) % count) as u32).collect();
    let inner = if ring { 0..count } else { 1..count - 1 };
    let mut areas = vec![f64::INFINITY; count];
    let mut heap = BinaryHeap::with_capacity(count);
    for i in inner.clone() {
        areas[i] = triangle(vertices, before[i], i as u32, after[i]);
        heap.push(Reverse((areas[i].to_bits(), i as u32)));
    }
    let mut left = count;
    let mut least = 0.0_f64;
    while left > kept {
        let Some(Reverse((bits, at))) = heap.pop() else { break };
        let index = at as usize;
        // An older area of this vertex, or one that is gone.
        if areas[index].to_bits() != bits {
            continue;
        }
        least = least.max(areas[index]);
        vertices[index].weight = least as f32;
        areas[index] = f64::NAN;
        left -= 1;
        let (west, east) = (before[index], after[index]);
        after[west as usize] = east;
        before[east as usize] = west;
        for near in [west, east] {
            let i = near as usize;
            if inner.contains(&i) {
                areas[i] = triangle(vertices, before[i], near, after[i]);
                heap.push(Reverse((areas[i].to_bits(), near)));
            }
        }
    }
    for (vertex, area) in vertices.iter_mut().zip(&areas) {
        if !area.is_nan() {
            vertex.weight = f32::INFINITY;
        }
    }
}

fn triangle(vertices: &[Vertex], a: u32, b: u32, c: u32) -> f64 {
    let [a, b, c] = [a, b, c].map(|i| vertices[i as usize].place);
    ((b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])).abs() / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(places: &[[f64; 2]]) -> Vec<Vertex> {
        places.iter().map(|place| Vertex { place: *place, weight: 0.0 }).collect()
    }

    #[test]
    fn what_lies_on_a_straight_line_weighs_nothing_and_ends_weigh_most() {
        let mut vertices = line(&[[0.0, 0.0], [0.1, 0.0], [0.2, 0.2], [0.3, 0.0], [0.4, 0.0]]);
        of_line(&mut vertices);
        let weights: Vec<f32> = vertices.iter().map(|v| v.weight).collect();
        assert_eq!((weights[0], weights[4]), (f32::INFINITY, f32::INFINITY));
        assert!(weights[2] >= weights[1] && weights[2] >= weights[3], "{weights:?}");
        let mut straight = line(&[[0.0, 0.0], [0.1, 0.1], [0.2, 0.2]]);
        of_line(&mut straight);
        assert!(straight[1].weight < 1e-12);
    }

    #[test]
    fn a_ring_keeps_three() {
        let circle: Vec<[f64; 2]> =
            (0..100).map(|i| f64::from(i) / 100.0 * std::f64::consts::TAU).map(|a| [a.cos(), a.sin()]).collect();
        let mut vertices = line(&circle);
        of_ring(&mut vertices);
        assert_eq!(vertices.iter().filter(|v| v.weight == f32::INFINITY).count(), 3);
        assert!(vertices.iter().all(|v| v.weight >= 0.0));
    }

    #[test]
    fn a_line_that_is_one_point_many_times_ends() {
        let mut vertices = line(&[[0.5, 0.5]; 1000]);
        of_line(&mut vertices);
        of_ring(&mut vertices);
    }
}
