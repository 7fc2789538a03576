//! Options of a file that say what generated code is called.

use prost_reflect::FileDescriptor;

/// As lines of the file. Options that say how the code is made, not what it is called, are left out.
pub(super) fn of_file(file: &FileDescriptor) -> Vec<String> {
    let Some(options) = &file.file_descriptor_proto().options else {
        return Vec::new();
    };
    let texts = [
        ("java_package", &options.java_package),
        ("java_outer_classname", &options.java_outer_classname),
        ("go_package", &options.go_package),
        ("objc_class_prefix", &options.objc_class_prefix),
        ("csharp_namespace", &options.csharp_namespace),
        ("swift_prefix", &options.swift_prefix),
        ("php_class_prefix", &options.php_class_prefix),
        ("php_namespace", &options.php_namespace),
        ("php_metadata_namespace", &options.php_metadata_namespace),
        ("ruby_package", &options.ruby_package),
    ];
    let multiple = options.java_multiple_files;
    let multiple = multiple.map(|multiple| format!("option java_multiple_files = {multiple};"));
    texts
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_ref()?)))
        .map(|(name, value)| format!("option {name} = \"{}\";", value.escape_default()))
        .chain(multiple)
        .collect()
}
