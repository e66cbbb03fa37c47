## El marco de cada página

skip = Ir al contenido
setup = Configuración
steps = Pasos
step-done = (hecho)
error-prefix = Error:
step-number = Paso { $number } de { $total }
colon = :
step-prepare = Preparar
step-connect = Conectar cuentas
step-answer = Responder preguntas
step-switch-on = Poner en marcha
leave = Guardar y continuar más tarde
help-email = ¿Necesita ayuda? Escriba a { $email }.
help-email-reference = ¿Necesita ayuda? Escriba a { $email } e indique la referencia.
help-company = ¿Necesita ayuda? Diríjase a la empresa que le envió aquí.
help-company-reference = ¿Necesita ayuda? Diríjase a la empresa que le envió aquí e indique la referencia.
reference = Referencia
language = Idioma
privacy = Privacidad
terms = Condiciones de uso
company-unknown = La empresa que le envió aquí
list-two = { $first } y { $second }
list-more = { $first }, { $second }
date = { $day } de { $month } de { $year }, { $time } UTC
day = { $day } de { $month } de { $year }
month = { $month ->
    [1] enero
    [2] febrero
    [3] marzo
    [4] abril
    [5] mayo
    [6] junio
    [7] julio
    [8] agosto
    [9] septiembre
    [10] octubre
    [11] noviembre
   *[12] diciembre
  }
yes = Sí
no = No
optional = opcional
required = obligatorio
continue = Continuar
try-again = Intentar de nuevo
check-again = Comprobar de nuevo
back-to = Volver a { $company }
back-to-start = Volver al punto de partida

## Antes de empezar

start-asks = { $company } le pide que configure { $blueprint } para { $tenant }.
start-works-with = Funciona con { $apps }.
start-at-hand = Tenga a mano:
start-oauth = Su acceso a { $app }
start-api-key = Una clave de API de { $app }
start-basic = Un nombre de usuario y una contraseña de { $app }
start-fields = Los datos de conexión de { $app }
start-duration = Lleva unos minutos. Puede parar cuando quiera: lo hecho queda guardado y el mismo enlace le trae de vuelta.

## Cuentas

accounts = Sus cuentas
account-connected = Conectada
account-connected-before = Ya estaba conectada
account-now = Ahora
account-next = Después
account-colleague = Se pidió a otra persona
account-approval = Espera aprobación

## Conectar iniciando sesión

connect = Conectar { $app }
connect-explain = Va a iniciar sesión en { $app }. Allí verá qué se permitirá antes de aceptar. Después volverá aquí.
connect-explain-window = Se abre una ventana de { $app } para iniciar sesión. Allí verá qué se permitirá antes de aceptar. Después esta página continúa sola.
connect-open = Hay un inicio de sesión en { $app } en curso.
connect-open-more = Cuando termine, esta página continúa sola. Si lo cerró, empiece de nuevo.
connect-over = El último inicio de sesión en { $app } no se terminó.
connect-over-more = Puede que se cerrara o se rechazara. No se ha perdido nada: empiece de nuevo.
connect-denied = No se permitió el acceso en { $app }.
connect-denied-more = No se conectó nada y no se ha perdido nada. Si no era su intención, empiece de nuevo y permita el acceso.
connect-trouble = { $app } no pudo terminar el inicio de sesión.
connect-trouble-more = No es culpa suya y no se ha perdido nada. Espere unos minutos y empiece de nuevo.
connect-refused = { $app } no dio acceso.
connect-refused-more = Un administrador tiene que aprobarlo. Pídala al suyo con el texto que encuentra abajo, o deje que conecte esa persona.
connect-someone-else = Otra persona debe conectar { $app }
connect-approval-needed = { $app } pide la aprobación de un administrador
connect-lost = { $app } estaba conectada y la conexión ha terminado. Conéctela de nuevo para continuar.

## Otra persona

hand-title = Pedir a otra persona que conecte { $app }
hand-explain = Obtiene un enlace para esa persona. Solo vale para esta conexión: no ve nada más de su configuración ni puede cambiarla. Esta página muestra cuándo está hecho.
hand-make = Crear el enlace
hand-link = Enlace para la otra persona
hand-text = Texto para enviar
hand-message = Hola, ¿podría conectar nuestra cuenta de { $app } con { $company }? Hay que ser administrador allí. Lleva dos minutos y empieza con este enlace: { $link }
hand-subject = Conecte { $app }, por favor
hand-copy = Copiar
hand-copied = Copiado
hand-mail = Enviar por correo
hand-waiting = Se pidió a otra persona que conecte { $app }.
hand-waiting-more = Esta página continúa sola cuando esté hecho. Puede cerrarla: el enlace que recibió le trae de vuelta.
hand-show = Mostrar el enlace para la otra persona
hand-back = Lo haré yo
colleague-explain = Alguien de { $tenant } le pide que conecte { $app } para { $company }. Esta página es solo para esta conexión.
colleague-done = Gracias. No tiene que hacer nada más; puede cerrar esta página.
colleague-over = Esta conexión ya no se pide. Puede cerrar esta página.

## La aprobación de un administrador

approval-title = { $app } necesita la aprobación de un administrador
approval-explain = En su organización, solo un administrador puede permitir aplicaciones nuevas en { $app }. Envíele este texto. Cuando lo apruebe, vuelva y conecte.
approval-link = Enlace para su administrador
approval-message = Hola, { $company } pide que se le permita como aplicación en { $app } para nuestra organización. Solo un administrador puede aprobarlo. Puede hacerlo conectándola usted con este enlace, o en los ajustes de { $app }: { $link }
approval-subject = Apruebe { $company } en { $app }, por favor
approval-waiting = Se pidió a un administrador que apruebe { $company } en { $app }.
approval-remind = Si no ocurre nada, vuelva a preguntar el { $date }.
approval-done = Está aprobado: conectar { $app }

## Conectar con un formulario

form-explain = Lo que escriba va directamente a la conexión y no se guarda en esta página. Lo encuentra en { $app }, normalmente en sus ajustes.
form-first = { $app } necesita esto antes de que pueda iniciar sesión.
field-api-key = Clave de API
field-user-name = Nombre de usuario
field-password = Contraseña
form-next = Continuar a { $app }
form-summary = { $app } todavía no está conectada
field-missing = Falta { $label }. Escríbalo abajo.
field-too-long = { $label } tiene más de 4096 caracteres. Compruebe lo que se copió y escríbalo de nuevo.
field-not-plain = { $label } contiene caracteres que no son texto. Cópielo de nuevo, en una línea.
field-colon = { $label } no puede contener dos puntos. Compruebe lo que se copió y escríbalo de nuevo.
field-not-listed = { $label } no es uno de los valores de la lista. Elija uno abajo.
form-not-accepted = No se aceptó lo que escribió. Compruébelo en { $app } y escríbalo de nuevo.
form-not-checked = No se pudo comprobar lo que escribió; no es culpa suya. Espere un momento y escríbalo de nuevo.
way-title = ¿Cómo quiere conectar { $app }?
way-explain = { $app } se puede conectar de varias maneras. Elija aquella de la que tenga los datos.
way-other = Conectar { $app } de otra manera

## La vuelta

returned-connected = { $app } está conectada
returned-next = Ha funcionado. El siguiente paso se abre solo en un momento.
returned-window = Ha funcionado. Puede cerrar esta ventana; la página de la que vino continúa sola.
returned-unfinished = { $app } todavía no está conectada
returned-unconfirmed = Hasta ahora { $app } no ha confirmado el inicio de sesión. Puede que necesite un momento más, o que se cerrara o se rechazara.
returned-do = No se ha perdido nada. Si acaba de iniciar sesión, compruebe de nuevo. Si no, inténtelo otra vez; si no tiene permiso, pida ayuda a alguien que sea administrador.
returned-unknown = Aquí no hay nada que terminar
returned-unknown-what = La dirección no es una de las nuestras, o está incompleta.
returned-unknown-means = No se ha perdido nada: lo hecho está guardado.
returned-unknown-do = Abra el enlace que recibió y continúe desde allí.
returned-elsewhere = Gracias
returned-elsewhere-what = Puede cerrar esta página y volver a aquella en la que empezó: muestra cómo fue.
returned-elsewhere-do = Si esa página ya no está, abra el enlace que recibió.

## Preguntas

questions = Responda unas preguntas
questions-fix = Hay algo que corregir
question-example = Ejemplo: { $example }
question-none = Sin respuesta
question-choose = Elija
question-search = Buscar en la lista
question-found = { $count ->
    [one] { $count } entrada
   *[other] { $count } entradas
  }
options-loading = La lista se está cargando desde la cuenta conectada.
options-failed = No se pudo cargar la lista desde la cuenta conectada. Lo que eligió antes se conserva.
options-empty = La cuenta conectada aún no tiene nada que elegir. Añada algo allí y cargue la lista de nuevo.
options-load = Cargar la lista de nuevo
draft-saved = Guardado. Puede seguir más tarde.
answer-missing = Escriba una respuesta
answer-too-long = Escriba como máximo { $most } caracteres
answer-control-characters = Use texto sencillo en una línea
answer-merge-field = Quite los caracteres {"{{"}: tienen un significado especial para la integración
answer-not-a-number = Escriba un número, como 12 o 3,5
answer-not-yes-or-no = Elija sí o no
answer-not-an-email = Escriba una dirección de correo, como nombre@example.com
answer-not-a-url = Escriba una dirección web que empiece por https://
answer-not-listed = Elija una de las respuestas de la lista
answer-not-a-date = Escriba una fecha, como 2026-11-30
answer-not-a-date-and-time = Escriba una fecha y una hora, como 2026-11-30 09:00
answer-list-missing = La lista no se puede cargar ahora, así que no se puede comprobar su elección. Cargue la lista de nuevo
review = Revise sus respuestas
review-explain = Nada se pone en marcha antes de que confirme. Puede cambiar cada respuesta.
review-change = Cambiar
review-change-what = Cambiar: { $label }
review-none = Sin respuesta
review-confirm = Confirmar y poner en marcha

## Mientras continúa solo

preparing = Preparando todo
checking = Comprobando sus cuentas
putting-in = Guardando sus ajustes
switching-on = Poniéndolo en marcha
takes-seconds = Tarda unos segundos. La página continúa sola.
outlook-takes-longer = Está tardando más de lo habitual. Seguimos intentándolo; puede cerrar esta página y volver más tarde.
outlook-we-are-on-it = Por nuestra parte hay algo que requiere atención antes de poder seguir. No se ha perdido nada de lo que escribió. Estamos avisados y continuaremos desde aquí.
stuck = Tenemos que revisar esto
stuck-do = No tiene que hacer nada. Puede cerrar esta página y abrir el enlace más tarde; entonces verá cómo está.
closed = Esta configuración se cerró
closed-what = Terminó antes de estar completa y aquí no ocurrirá nada más.
closed-do = Si no lo esperaba, escriba a soporte e indique la referencia de abajo.
saved = Guardado para más tarde
saved-what = Todo lo que ha hecho hasta ahora está guardado.
saved-do = Puede cerrar esta página. Para continuar, abra el enlace que recibió, en cualquier dispositivo.
saved-until = El enlace es válido hasta el { $date }.
continue-now = Continuar ahora

## Terminado

done = Todo listo
done-what = { $blueprint } está configurado y en marcha.
done-change = No hay nada más que hacer. Para cambiar o desconectar algo más adelante, diríjase a { $company }.
done-change-unknown = No hay nada más que hacer. Para cambiar o desconectar algo más adelante, diríjase a la empresa que le envió aquí.
done-close = Puede cerrar esta página.
part = { $blueprint }, parte { $number }
runs-once = Se ejecuta una sola vez, a partir de ahora.
runs-minutes = { $count ->
    [one] Se ejecuta cada minuto. La primera ejecución empieza en el próximo minuto.
   *[other] Se ejecuta cada { $count } minutos. La primera ejecución empieza en los próximos { $count } minutos.
  }
runs-hours = { $count ->
    [one] Se ejecuta cada hora. La primera ejecución empieza en la próxima hora.
   *[other] Se ejecuta cada { $count } horas. La primera ejecución empieza en las próximas { $count } horas.
  }
runs-days = { $count ->
    [one] Se ejecuta cada día. La primera ejecución empieza en el próximo día.
   *[other] Se ejecuta cada { $count } días. La primera ejecución empieza en los próximos { $count } días.
  }
runs-weeks = { $count ->
    [one] Se ejecuta cada semana. La primera ejecución empieza en la próxima semana.
   *[other] Se ejecuta cada { $count } semanas. La primera ejecución empieza en las próximas { $count } semanas.
  }

## Enlaces que ya no abren nada

link-over = Este enlace ya no abre nada
link-over-what = Estos enlaces terminan después de unos días, o cuando se envió uno más reciente.
link-over-means = No se ha perdido nada: lo hecho está guardado.
link-over-do = Pida uno nuevo aquí. Después seguirá donde lo dejó.
link-request = Pedir un enlace nuevo
link-requested = Se ha pedido un enlace nuevo
link-requested-what = Si este enlace era nuestro, la empresa que lo envió ya sabe que necesita uno nuevo. Lo envía por la misma vía que este.
link-requested-do = Puede cerrar esta página. Con una vez basta: pedirlo de nuevo no lo acelera.
visit-over = Abra su enlace de nuevo
visit-over-what = Este navegador no ha abierto el enlace que recibió, o el enlace ha terminado desde entonces.
visit-over-do = Abra el enlace de nuevo en este navegador. Si ya no funciona, pida uno nuevo a la empresa que lo envió.
visit-over-cookies = Si esta página aparece cada vez, su navegador no guarda cookies para estas páginas: permítalas o use otro navegador.

## Fallos

failed-not-found = Aquí no hay ninguna página
failed-not-found-what = La dirección no es una de las nuestras, o lo que había aquí ya no está.
failed-not-found-do = No se ha perdido nada de lo que escribió. Compruebe la dirección, o abra el enlace que recibió.
failed-wrong-method = Esta dirección no se abre así
failed-wrong-method-what = Solo acepta lo que envía una de nuestras páginas.
failed-wrong-method-do = No se ha cambiado nada. Vuelva y use el botón de la página.
failed-unreadable = La página no pudo leer lo que se envió
failed-unreadable-what = Lo que llegó no es lo que envía nuestra página.
failed-unreadable-do = No se ha cambiado nada. Vuelva a la página y envíelo de nuevo.
failed-moved-on = Este paso ha avanzado
failed-moved-on-what = Se cambió en el mismo momento, quizá en otra ventana.
failed-moved-on-do = Lo hecho está guardado. Abra la página actual y continúe desde allí.
failed-too-large = Lo que se envió es demasiado largo
failed-too-large-what = La página solo acepta textos cortos.
failed-too-large-do = No se ha cambiado nada. Vuelva, acorte lo que escribió y envíelo de nuevo.
failed-not-current = Esta página ya no es la actual
failed-not-current-what = Lo que se envió no corresponde a la página tal como está ahora. Ocurre cuando una página estuvo mucho tiempo abierta, o cuando lo envió otro sitio web.
failed-not-current-do = No se ha cambiado nada. Abra la página actual y envíelo desde allí.
failed-busy = Ahora mismo no podemos responder
failed-busy-what = Nuestro servicio está ocupado o se está reiniciando.
failed-busy-do = No se ha perdido nada de lo hecho. Espere unos segundos e inténtelo de nuevo.
failed-upstream = El servicio de conexión no respondió
failed-upstream-what = Transmitimos lo que pidió y no recibimos una respuesta útil.
failed-upstream-do = Todo lo hecho está guardado. Espere un momento, vuelva e inténtelo de nuevo.
failed-internal = Algo falló por nuestra parte
failed-internal-what = No se pudo crear esta página. No es culpa suya y ha quedado registrado.
failed-internal-do = Todo lo hecho está guardado. Inténtelo de nuevo en un momento. Si vuelve a ocurrir, indique a soporte el número de solicitud de abajo.
failed-back = Volver a su configuración
request-id = Número de solicitud
