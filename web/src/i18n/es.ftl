### Lo que dice la página, en español.

page-title = Belfry: la imagen en vivo de la ciudad
language-name = Español
skip-to-list = Ir a la lista
settings = Ajustes
language = Idioma
appearance = Aspecto
appearance-system = Sistema
appearance-light = Claro
appearance-dark = Oscuro
appearance-contrast = Alto contraste
sign-out = Cerrar sesión

link-connecting = Conectando…
link-live = En vivo
link-cut = Sin conexión
link-signIn = Sin sesión
link-refused = Rechazado
changes-a-second = { $rate } cambios por segundo

banner-cut = Se ha cortado la conexión en vivo. Lo que ve no está al día.
banner-age = Última señal del servidor: { $age }.
banner-never = Todavía no ha llegado nada del servidor.
banner-retry = Próximo intento en { $seconds } s.
banner-trying = Intentándolo ahora…
retry-now = Intentar ahora
banner-refused = El servidor rechaza esta clave: { $title }
banner-unlisted = No se pudo cargar la lista: { $reason }. Se vuelve a intentar.
banner-too-many = Aquí solo se muestran las primeras { $shown } de { $total } entidades. La API las tiene todas.

search = Buscar por nombre, id o tipo
type-filter = Tipo
all-types = Todos los tipos
counted = { $count ->
    [0] Ninguna entidad
    [one] { $shown } entidad
   *[other] { $shown } entidades
}
counted-some = { $shown } de { $total } entidades
list = Entidades
view-switch = Qué mostrar
view-list = Lista
view-map = Mapa
loading = Cargando…
nothing-yet = Todavía no ha informado nadie
nothing-yet-how = Envíe la primera entidad y aparecerá aquí al instante:
nothing-found = Nada coincide con esta búsqueda
clear-search = Borrar búsqueda y filtro
stale = Más antiguo de lo habitual

map = Mapa de entidades
map-no-webgl = El mapa necesita WebGL y este navegador no lo ofrece. La lista contiene todo lo que mostraría el mapa.
map-failed = No se pudo iniciar el mapa. La lista contiene todo lo que mostraría el mapa.
map-all = Ver todo
map-help = Las flechas mueven el mapa; más y menos cambian la escala. Cada entidad del mapa está también en la lista.
map-nowhere = Ninguna de estas entidades tiene lugar.
map-without-place = { $count } sin lugar
zoom-in = Acercar
zoom-out = Alejar

close = Cerrar
card-gone = Esta entidad ya no existe.
card-unknown = Aquí no hay ninguna entidad con este id.
show-on-map = Ver en el mapa
attributes = Atributos
relationships = Enlaza con
linked-from = Enlazada desde
no-attributes = Sin atributos
dataset = conjunto { $id }
observed = medido { $age }
stored = cambiado { $age }
arrived = recibido { $age }
yes = sí
no = no
trend = Tendencia de { $name }: { $count } valores de { $low } a { $high }
details = Id y fechas
identifier = Id
last-change = Último cambio
last-observation = Última medición

history = Historia
history-of = Atributo
range = Periodo
range-latest = Últimos 100
range-day = 24 horas
range-week = 7 días
range-month = 30 días
range-year = 1 año
chart-summary = { $name }: { $count } valores del { $from } al { $to }, mínimo { $low }, máximo { $high }, último { $last }
chart-means = Medias de { $period }
period-minutes = 10 minutos
period-hour = 1 hora
period-hours = 6 horas
period-day = 1 día
show-table = Mostrar como tabla
hide-table = Ocultar la tabla
time = Hora
value = Valor
history-empty = No hay valores en este periodo
history-failed = No se pudo leer la historia: { $reason }

sign-in = Iniciar sesión
sign-in-why = Este servidor pide una clave. Quien lo administra puede crearla con «belfry token».
token = Clave
token-kept = Se guarda solo en esta pestaña y se olvida al cerrarla.
token-refused = El servidor no aceptó esta clave.
