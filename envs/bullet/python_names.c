/* The five data symbols of Python that the wheel's extension refers to. Functions are bound when they are
 * called, and none of Python's is; data must be there when the extension is loaded. A library of its own,
 * loaded for Bullet alone: in the program itself they would hide the real ones from a plugin that embeds
 * Python. */
extern char PyCapsule_Type[64], _Py_NoneStruct[64];
extern void *PyExc_ImportError, *PyExc_ModuleNotFoundError, *PyExc_RuntimeError;

char PyCapsule_Type[64], _Py_NoneStruct[64];
void *PyExc_ImportError, *PyExc_ModuleNotFoundError, *PyExc_RuntimeError;
