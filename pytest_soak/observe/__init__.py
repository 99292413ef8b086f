"""What people look at: everything here reads journals and artifacts, and changes nothing in them."""
