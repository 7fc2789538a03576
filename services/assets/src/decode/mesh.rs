//! glTF, as text or in one piece, to vertices and indices.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gltf::buffer::Source;
use gltf::mesh::Mode;
use gltf::{Gltf, Node, Primitive};

use crate::asset::{Asset, LoadError, Shape, What};
use crate::folder::Folder;
use crate::limits::{ASSET_BYTES_MAX, DEPTH_MAX, FILE_BYTES_MAX, PARTS_MAX};
use crate::path::AssetPath;

/// Bytes of a vertex: position, normal, texture coordinate.
const VERTEX_BYTES: usize = 32;

/// A place in a scene, column by column.
type Place = [[f32; 4]; 4];

const ORIGIN: Place = [
    [1.0, 0.0, 0.0, 0.0],
    [0.0, 1.0, 0.0, 0.0],
    [0.0, 0.0, 1.0, 0.0],
    [0.0, 0.0, 0.0, 1.0],
];

#[derive(Debug)]
struct Builder<'a> {
    buffers: &'a [Vec<u8>],
    vertices: Vec<u8>,
    count: u32,
    indices: Vec<u32>,
    least: [f32; 3],
    most: [f32; 3],
    parts: usize,
}

pub(super) fn gltf(bytes: &[u8], path: &AssetPath, folder: &Folder) -> Result<Asset, LoadError> {
    let Gltf { document, mut blob } = Gltf::from_slice(bytes).map_err(LoadError::corrupt)?;
    let mut buffers = Vec::new();
    let mut left = FILE_BYTES_MAX;
    for buffer in document.buffers() {
        LoadError::unless("buffers", buffers.len() + 1, PARTS_MAX)?;
        let data = match buffer.source() {
            Source::Bin => blob
                .take()
                .ok_or_else(|| LoadError::corrupt("it has no binary part"))?,
            Source::Uri(uri) => read(uri, path, folder)?,
        };
        LoadError::unless("the buffers of a file", data.len(), left)?;
        left -= data.len() as u64;
        if data.len() < buffer.length() {
            return Err(LoadError::corrupt("a buffer is shorter than the file says"));
        }
        buffers.push(data);
    }
    let mut builder = Builder {
        buffers: &buffers,
        vertices: Vec::new(),
        count: 0,
        indices: Vec::new(),
        least: [f32::INFINITY; 3],
        most: [f32::NEG_INFINITY; 3],
        parts: 0,
    };
    match document
        .default_scene()
        .or_else(|| document.scenes().next())
    {
        Some(scene) => {
            for node in scene.nodes() {
                builder.node(&node, ORIGIN, 0)?;
            }
        }
        None => {
            for primitive in document.meshes().flat_map(|mesh| mesh.primitives()) {
                builder.primitive(&primitive, ORIGIN)?;
            }
        }
    }
    builder.finish()
}

/// What a buffer's address leads to: bytes in the address itself, or a file beside this one.
fn read(uri: &str, path: &AssetPath, folder: &Folder) -> Result<Vec<u8>, LoadError> {
    if let Some(data) = uri.strip_prefix("data:") {
        let (_, data) = data
            .split_once(";base64,")
            .ok_or_else(|| LoadError::Unsupported("data that is not base64".to_owned()))?;
        return STANDARD.decode(data).map_err(LoadError::corrupt);
    }
    if uri.contains(':') {
        return Err(LoadError::Unsupported(format!("a buffer at {uri:.40}")));
    }
    if uri.contains('%') {
        return Err(LoadError::Unsupported("a buffer's name with %".to_owned()));
    }
    let beside = path.beside(uri)?;
    folder
        .read(&beside, |_, _| {})
        .map_err(|error| match error {
            LoadError::NotFound => {
                LoadError::Corrupt(format!("its buffer {} is not there", beside.as_str()))
            }
            other => other,
        })
}

impl Builder<'_> {
    fn node(&mut self, node: &Node<'_>, above: Place, depth: usize) -> Result<(), LoadError> {
        self.count_part()?;
        LoadError::unless("nodes within nodes", depth, DEPTH_MAX * 4)?;
        let place = times(above, node.transform().matrix());
        for primitive in node.mesh().iter().flat_map(|mesh| mesh.primitives()) {
            self.primitive(&primitive, place)?;
        }
        for child in node.children() {
            self.node(&child, place, depth + 1)?;
        }
        Ok(())
    }

    fn count_part(&mut self) -> Result<(), LoadError> {
        self.parts += 1;
        LoadError::unless("nodes and primitives", self.parts, PARTS_MAX)
    }

    fn primitive(&mut self, primitive: &Primitive<'_>, place: Place) -> Result<(), LoadError> {
        self.count_part()?;
        if primitive.mode() != Mode::Triangles {
            let mode = primitive.mode();
            return Err(LoadError::Unsupported(format!("a mesh of {mode:?}")));
        }
        let buffers = self.buffers;
        let reader = primitive.reader(|buffer| buffers.get(buffer.index()).map(Vec::as_slice));
        let missing = || LoadError::corrupt("a mesh has no positions that can be read");
        let positions = reader.read_positions().ok_or_else(missing)?;
        let count = positions.len();
        let indices = reader.read_indices().map(|indices| indices.into_u32());
        let index_count = indices.as_ref().map_or(count, ExactSizeIterator::len);
        let bytes = self.vertices.len() + self.indices.len() * 4;
        let more = count.saturating_mul(VERTEX_BYTES) + index_count.saturating_mul(4);
        LoadError::unless(
            "a mesh's bytes",
            bytes.saturating_add(more),
            ASSET_BYTES_MAX,
        )?;
        let mut normals = reader.read_normals();
        let mut coordinates = reader.read_tex_coords(0).map(|some| some.into_f32());
        let mut found = 0_u32;
        for position in positions {
            let position = moved(place, position, 1.0);
            let normal = normals.as_mut().and_then(Iterator::next);
            let normal = normal.map_or([0.0; 3], |normal| moved(place, normal, 0.0));
            let at = coordinates
                .as_mut()
                .and_then(Iterator::next)
                .unwrap_or_default();
            let bounds = self.least.iter_mut().zip(&mut self.most);
            for ((least, most), at) in bounds.zip(position) {
                (*least, *most) = (least.min(at), most.max(at));
            }
            let numbers = position.into_iter().chain(normal).chain(at);
            self.vertices.extend(numbers.flat_map(f32::to_le_bytes));
            found += 1;
        }
        let base = self.count;
        let mut place_index = |index: u32| {
            if index >= found {
                return Err(LoadError::corrupt(
                    "a triangle has a corner that is not there",
                ));
            }
            self.indices.push(base + index);
            Ok(())
        };
        match indices {
            Some(mut indices) => indices.try_for_each(&mut place_index)?,
            None => (0..found).try_for_each(&mut place_index)?,
        }
        if !self.indices.len().is_multiple_of(3) {
            return Err(LoadError::corrupt("a triangle has not three corners"));
        }
        self.count += found;
        Ok(())
    }

    fn finish(self) -> Result<Asset, LoadError> {
        if self.count == 0 {
            return Err(LoadError::corrupt("it has no triangles"));
        }
        let shape = Shape {
            vertices: self.count,
            indices: u32::try_from(self.indices.len()).map_err(LoadError::corrupt)?,
            least: self.least,
            most: self.most,
        };
        let mut bytes = self.vertices;
        bytes.extend(self.indices.into_iter().flat_map(u32::to_le_bytes));
        let what = What::Mesh(shape);
        Ok(Asset { bytes, what })
    }
}

fn times(left: Place, right: Place) -> Place {
    right.map(|column| {
        let mut sum = [0.0; 4];
        for (part, from) in column.into_iter().zip(left) {
            for (sum, from) in sum.iter_mut().zip(from) {
                *sum += part * from;
            }
        }
        sum
    })
}

/// Where a point (`w` 1) or a direction (`w` 0) is once it is put in its place.
fn moved(place: Place, [x, y, z]: [f32; 3], w: f32) -> [f32; 3] {
    std::array::from_fn(|axis| {
        place[0][axis] * x + place[1][axis] * y + place[2][axis] * z + place[3][axis] * w
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn samples() -> Folder {
        Folder::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")).unwrap()
    }

    fn load(name: &str, folder: &Folder) -> Result<Asset, LoadError> {
        let path = AssetPath::new(name).unwrap();
        let bytes = folder.read(&path, |_, _| {}).unwrap();
        gltf(&bytes, &path, folder)
    }

    #[test]
    fn a_cube_is_the_same_however_it_is_written() {
        let folder = samples();
        let cube = load("models/cube.gltf", &folder).unwrap();
        let shape = Shape {
            vertices: 8,
            indices: 36,
            least: [-1.0; 3],
            most: [1.0; 3],
        };
        assert_eq!(cube.what, What::Mesh(shape));
        assert_eq!(cube.bytes.len(), 8 * VERTEX_BYTES + 36 * 4);
        for name in ["models/cube.glb", "models/inside.gltf"] {
            assert_eq!(load(name, &folder).as_ref(), Ok(&cube), "{name}");
        }
    }

    #[test]
    fn what_leads_out_or_past_the_end_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let good = std::fs::read_to_string(
            Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/models/inside.gltf"),
        )
        .unwrap();
        let folder = Folder::open(place.path()).unwrap();
        let check = |from: &str, to: &str| {
            let text = good.replacen(from, to, 1);
            assert_ne!(text, good, "{from} is there");
            std::fs::write(place.path().join("a.gltf"), text).unwrap();
            load("a.gltf", &folder).unwrap_err()
        };
        let data = good
            .split('"')
            .find(|text| text.starts_with("data:"))
            .unwrap();
        assert_eq!(check(data, "../a.bin"), LoadError::Outside);
        assert_eq!(check(data, "/etc/passwd"), LoadError::Outside);
        assert!(matches!(check(data, "b.bin"), LoadError::Corrupt(_)));
        assert!(matches!(
            check(data, "http://a/b.bin"),
            LoadError::Unsupported(_)
        ));
        assert!(matches!(
            check("\"count\": 8", "\"count\": 900"),
            LoadError::Corrupt(_)
        ));
        assert!(matches!(
            check("\"count\": 8", "\"count\": 2"),
            LoadError::Corrupt(_)
        ));
    }

    #[test]
    fn places_multiply() {
        let shift = |x: f32| {
            let mut place = ORIGIN;
            place[3][0] = x;
            place
        };
        assert_eq!(times(shift(1.0), shift(2.0)), shift(3.0));
        assert_eq!(moved(shift(3.0), [1.0, 2.0, 3.0], 1.0), [4.0, 2.0, 3.0]);
        assert_eq!(moved(shift(3.0), [1.0, 2.0, 3.0], 0.0), [1.0, 2.0, 3.0]);
    }
}
