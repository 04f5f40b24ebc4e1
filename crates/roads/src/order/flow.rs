//! One cut of a cell by inertial flow: links carry one unit either way, paths are added until none is left. Knows no order.

/// Junctions, and the links between them.
#[derive(Clone, Debug, Default)]
pub(super) struct Cell {
    pub(super) junctions: Vec<u32>,
    pub(super) links: Vec<u32>,
}

/// A cell parted: no link joins two sides but those of the cut.
pub(super) struct Parts {
    pub(super) sides: Vec<Cell>,
    pub(super) cut: Vec<u32>,
}

/// Share of a cell's junctions that are sources, and that are sinks. At least so many lie on either side.
const ENDS: f64 = 0.25;

/// Directions in which junctions are sorted.
const DIRECTIONS: [[f64; 2]; 8] =
    [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, -1.0], [2.0, 1.0], [1.0, 2.0], [2.0, -1.0], [1.0, -2.0]];

/// The network, and what the search for a cut needs, numbered as in the cell at hand.
pub(super) struct Flow<'n> {
    places: &'n [[f64; 2]],
    ends: &'n [[u32; 2]],
    /// The number in the cell of each junction of the network.
    local: Vec<u32>,
    first: Vec<u32>,
    /// For each junction of the cell: (link of the cell, junction at its other end).
    around: Vec<(u32, u32)>,
    links: Vec<[u32; 2]>,
    /// What each link carries from its first end to its second.
    carried: Vec<i8>,
    /// How each junction was reached: the link, or a mark.
    reached: Vec<u32>,
    queue: Vec<u32>,
}

/// Not reached.
const NOT: u32 = u32::MAX;
/// Reached as a source.
const SOURCE: u32 = u32::MAX - 1;

impl<'n> Flow<'n> {
    pub(super) fn new(places: &'n [[f64; 2]], ends: &'n [[u32; 2]]) -> Self {
        Self {
            places,
            ends,
            local: vec![0; places.len()],
            first: Vec::new(),
            around: Vec::new(),
            links: Vec::new(),
            carried: Vec::new(),
            reached: Vec::new(),
            queue: Vec::new(),
        }
    }

    /// Parts a cell of two junctions or more: an unconnected one into its components, another by its smallest cut.
    pub(super) fn part(&mut self, cell: &Cell) -> Parts {
        self.load(cell);
        let (count, component) = self.components();
        if count > 1 {
            return self.split(cell, count, &component);
        }
        let n = cell.junctions.len();
        let many = ((n as f64 * ENDS) as usize).clamp(1, n / 2);
        let mut best: Option<(usize, usize, Vec<u32>)> = None;
        for direction in DIRECTIONS {
            let along = |local: &u32| {
                let [x, y] = self.places[cell.junctions[*local as usize] as usize];
                x * direction[0] + y * direction[1]
            };
            let mut sorted: Vec<u32> = (0..n as u32).collect();
            sorted.sort_by(|a, b| along(a).total_cmp(&along(b)).then(a.cmp(b)));
            let most = best.as_ref().map_or(usize::MAX, |(cut, ..)| *cut);
            if let Some(cut) = self.cut(&sorted[..many], &sorted[n - many..], most) {
                let near = self.reached.iter().filter(|reached| **reached != NOT).count();
                let unbalance = n.abs_diff(2 * near);
                if best.as_ref().is_none_or(|(c, u, _)| (cut, unbalance) < (*c, *u)) {
                    best = Some((cut, unbalance, self.reached.iter().map(|r| u32::from(*r == NOT)).collect()));
                }
            }
        }
        // The first direction always gives a cut; each junction is on one of its sides.
        let side = best.map_or_else(|| vec![0; n], |(.., side)| side);
        self.split(cell, 2, &side)
    }

    fn load(&mut self, cell: &Cell) {
        for (local, junction) in cell.junctions.iter().enumerate() {
            self.local[*junction as usize] = local as u32;
        }
        self.links.clear();
        self.links.extend(cell.links.iter().map(|link| self.ends[*link as usize].map(|end| self.local[end as usize])));
        self.first.clear();
        self.first.resize(cell.junctions.len() + 1, 0);
        self.links.iter().flatten().for_each(|end| self.first[*end as usize + 1] += 1);
        for at in 1..self.first.len() {
            self.first[at] += self.first[at - 1];
        }
        let mut next = self.first.clone();
        self.around.clear();
        self.around.resize(2 * self.links.len(), (0, 0));
        for (link, [a, b]) in self.links.iter().enumerate() {
            for (from, to) in [(*a, *b), (*b, *a)] {
                self.around[next[from as usize] as usize] = (link as u32, to);
                next[from as usize] += 1;
            }
        }
    }

    fn neighbours(&self, local: u32) -> std::ops::Range<usize> {
        self.first[local as usize] as usize..self.first[local as usize + 1] as usize
    }

    /// How many components there are, and the component of each junction.
    fn components(&self) -> (usize, Vec<u32>) {
        let mut component = vec![NOT; self.first.len() - 1];
        let (mut count, mut stack) = (0, Vec::new());
        for start in 0..component.len() as u32 {
            if component[start as usize] != NOT {
                continue;
            }
            component[start as usize] = count;
            stack.push(start);
            while let Some(junction) = stack.pop() {
                for (_, next) in &self.around[self.neighbours(junction)] {
                    if component[*next as usize] == NOT {
                        component[*next as usize] = count;
                        stack.push(*next);
                    }
                }
            }
            count += 1;
        }
        (count as usize, component)
    }

    fn split(&self, cell: &Cell, count: usize, side: &[u32]) -> Parts {
        let mut parts = Parts { sides: vec![Cell::default(); count], cut: Vec::new() };
        for (junction, side) in cell.junctions.iter().zip(side) {
            parts.sides[*side as usize].junctions.push(*junction);
        }
        for (link, [a, b]) in cell.links.iter().zip(&self.links) {
            let (a, b) = (side[*a as usize], side[*b as usize]);
            if a == b { parts.sides[a as usize].links.push(*link) } else { parts.cut.push(*link) }
        }
        parts
    }

    /// The size of the smallest cut between sources and sinks; `reached` holds its near side. Nothing when it is larger
    /// than `most`.
    fn cut(&mut self, sources: &[u32], sinks: &[u32], most: usize) -> Option<usize> {
        let mut is_sink = vec![false; self.first.len() - 1];
        sinks.iter().for_each(|sink| is_sink[*sink as usize] = true);
        self.carried.clear();
        self.carried.resize(self.links.len(), 0);
        for carried in 0.. {
            match self.path(sources, &is_sink) {
                None => return Some(carried),
                Some(_) if carried == most => return None,
                Some(end) => self.carry(end),
            }
        }
        None
    }

    /// A sink that can still be reached, or none.
    fn path(&mut self, sources: &[u32], is_sink: &[bool]) -> Option<u32> {
        self.reached.clear();
        self.reached.resize(self.first.len() - 1, NOT);
        self.queue.clear();
        self.queue.extend(sources);
        sources.iter().for_each(|source| self.reached[*source as usize] = SOURCE);
        let mut at = 0;
        while let Some(junction) = self.queue.get(at).copied() {
            at += 1;
            for index in self.neighbours(junction) {
                let (link, next) = self.around[index];
                let full = if self.links[link as usize][0] == junction { 1 } else { -1 };
                if self.reached[next as usize] == NOT && self.carried[link as usize] != full {
                    self.reached[next as usize] = link;
                    if is_sink[next as usize] {
                        return Some(next);
                    }
                    self.queue.push(next);
                }
            }
        }
        None
    }

    /// Adds one unit along the path that was found.
    fn carry(&mut self, end: u32) {
        let mut junction = end;
        while self.reached[junction as usize] != SOURCE {
            let link = self.reached[junction as usize] as usize;
            let [a, b] = self.links[link];
            let (from, unit) = if b == junction { (a, 1) } else { (b, -1) };
            self.carried[link] += unit;
            junction = from;
        }
    }
}
